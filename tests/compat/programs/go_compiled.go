// A program small enough to be compiled and linked within a test.
package main

import "os"

func fibonacci(n int) int {
	if n < 2 {
		return n
	}
	return fibonacci(n-1) + fibonacci(n-2)
}

func main() {
	results := make(chan int)
	for n := 20; n < 30; n++ {
		go func(n int) { results <- fibonacci(n) }(n)
	}
	sum := 0
	for n := 20; n < 30; n++ {
		sum += <-results
	}
	if sum == 1335323 {
		os.Stdout.WriteString("right sum\n")
	} else {
		println(sum)
	}
}
