// Goroutines, network, processes and signals of a Go program. Prints nothing that varies.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func goroutines() {
	var group sync.WaitGroup
	var total int64
	jobs := make(chan int)
	for w := 0; w < 1000; w++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range jobs {
				atomic.AddInt64(&total, int64(n))
				runtime.Gosched()
			}
		}()
	}
	for n := 1; n <= 20000; n++ {
		jobs <- n
	}
	close(jobs)
	group.Wait()
	fmt.Println("total", total)
}

// Loops without a call are preempted by a signal (SIGURG) to their thread: without it, the sleep of
// main would not end, nor would the collector get its turn.
func preemption() {
	var spun int64
	var group sync.WaitGroup
	for n := 0; n < runtime.GOMAXPROCS(0)+2; n++ {
		group.Add(1)
		go func() {
			defer group.Done()
			x := uint64(1)
			for i := 0; i < 50_000_000; i++ {
				x = x*6364136223846793005 + 1442695040888963407
			}
			atomic.AddInt64(&spun, int64(x&1)|1)
		}()
	}
	for n := 0; n < 5; n++ {
		time.Sleep(time.Millisecond)
		runtime.GC()
	}
	group.Wait()
	fmt.Println("spun", spun == int64(runtime.GOMAXPROCS(0)+2))
}

type node struct{ left, right *node }

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{grow(depth - 1), grow(depth - 1)}
}

func (n *node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func collection() {
	sum := 0
	for n := 0; n < 20; n++ {
		sum += grow(13).count()
	}
	debug.FreeOSMemory()
	fmt.Println("nodes", sum)
}

func recovered(what string, function func()) {
	defer func() {
		fmt.Printf("%s: %v\n", what, recover())
	}()
	function()
}

func faults() {
	var pointer *node
	var numbers []int
	zero := len(numbers)
	for n := 0; n < 3; n++ {
		recovered("nil", func() { fmt.Println(pointer.left) })
		recovered("index", func() { fmt.Println(numbers[5]) })
		recovered("division", func() { fmt.Println(1 / zero) })
	}
	debug.SetPanicOnFault(true)
	area, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	must(err)
	recovered("write to a read-only page", func() { area[0] = 1 })
	must(syscall.Munmap(area))
	var group sync.WaitGroup
	for n := 0; n < 20; n++ {
		group.Add(1)
		go func() {
			defer group.Done()
			defer func() { _ = recover() }()
			pointer.left = nil
		}()
	}
	group.Wait()
}

func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %x", r.Method, sha256.Sum256(body))
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	})
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	url := "http://" + listener.Addr().String()
	var group sync.WaitGroup
	answers := make([]string, 40)
	for n := range answers {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			response, err := http.Post(url+"/echo", "text/plain", strings.NewReader(strings.Repeat("x", n*1000)))
			must(err)
			body, err := io.ReadAll(response.Body)
			must(err)
			response.Body.Close()
			answers[n] = string(body)
		}(n)
	}
	group.Wait()
	fmt.Printf("answers %x\n", sha256.Sum256([]byte(strings.Join(answers, "\n"))))
	context, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(context, "GET", url+"/slow", nil)
	_, err = http.DefaultClient.Do(request)
	fmt.Println("timed out:", errors.Is(err, context.Err()))
	must(server.Close())
}

func processes() {
	command := exec.Command("tr", "a-z", "A-Z")
	command.Stdin = strings.NewReader("through a child")
	output, err := command.Output()
	must(err)
	fmt.Println(string(output))
	err = exec.Command("sh", "-c", "exit 9").Run()
	fmt.Println(err)
	err = exec.Command("sh", "-c", "kill -KILL $$").Run()
	fmt.Println(err)
	_, err = exec.LookPath("no-such-program-here")
	fmt.Println(errors.Is(err, exec.ErrNotFound))
	fmt.Println(exec.Command("/etc/passwd").Run())
	cancelled, cancel := context.WithCancel(context.Background())
	sleeping := exec.CommandContext(cancelled, "sleep", "200")
	must(sleeping.Start())
	time.AfterFunc(50*time.Millisecond, cancel)
	fmt.Println(sleeping.Wait())
	var group sync.WaitGroup
	var right int64
	for n := 0; n < 40; n++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			output, err := exec.Command("echo", fmt.Sprint(n)).Output()
			if err == nil && string(bytes.TrimSpace(output)) == fmt.Sprint(n) {
				atomic.AddInt64(&right, 1)
			}
		}(n)
	}
	group.Wait()
	fmt.Println("children", right)
}

func signals() {
	seen := make(chan os.Signal, 100)
	signal.Notify(seen, syscall.SIGUSR1, syscall.SIGHUP)
	must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	fmt.Println(<-seen)
	must(exec.Command("sh", "-c", fmt.Sprintf("kill -HUP %d", os.Getpid())).Run())
	fmt.Println(<-seen)
	signal.Stop(seen)
	signal.Ignore(syscall.SIGUSR1)
	must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	fmt.Println("ignored", len(seen))
	// A storm for the runtime's handler while goroutines work.
	signal.Notify(seen, syscall.SIGUSR2)
	done := make(chan bool)
	go func() { collection(); close(done) }()
	for n := 0; n < 500; n++ {
		must(syscall.Kill(os.Getpid(), syscall.SIGUSR2))
	}
	<-done
	fmt.Println("survived", <-seen)
}

func timers() {
	ticker := time.NewTicker(2 * time.Millisecond)
	for n := 0; n < 10; n++ {
		<-ticker.C
	}
	ticker.Stop()
	// Late ones may overtake each other on a busy machine; none is early.
	start := time.Now()
	fired := make(chan bool, 10)
	for n := 0; n < 10; n++ {
		due := time.Duration(n) * 20 * time.Millisecond
		time.AfterFunc(due, func() { fired <- time.Since(start) >= due })
	}
	for n := 0; n < 10; n++ {
		fmt.Print(<-fired, " ")
	}
	fmt.Println()
	runtime.LockOSThread()
	before := syscall.Gettid()
	time.Sleep(time.Millisecond)
	fmt.Println("same thread", before == syscall.Gettid())
	runtime.UnlockOSThread()
}

func main() {
	if len(os.Args) > 1 {
		var pointer *node
		fmt.Println(pointer.left)
	}
	for _, part := range []func(){goroutines, preemption, collection, faults, web, processes, signals, timers} {
		part()
	}
	os.Exit(7)
}
