# Numbers on standard input; children in both directions.
{
    sum += $1
    count[$1 % 7]++
    if ($1 % 9999 == 0)
        print $1, length($1) > (out "." $1 % 3)
}
END {
    print NR, sum
    for (i = 0; i < 7; i++)
        print i, count[i]
    while (("seq 1 3" | getline line) > 0)
        print "from a child:", line
    close("seq 1 3")
    sorter = "sort -n | tail -n 2"
    for (i = 0; i < 100; i++)
        print (i * 37) % 101 | sorter
    print "sorter:", close(sorter)
    fflush()
    print "system:", system("exit 3")
    for (i = 0; i < 50; i++) {
        command = "echo " i
        command | getline answer
        close(command)
        total += answer
    }
    print "fifty children:", total
    s = "The quick brown fox"
    gsub(/[aeiou]/, "<&>", s)
    print toupper(s), substr(s, 5, 7), index(s, "fox"), match(s, /b.*w/), RSTART, RLENGTH
    printf "%5.2f|%-6s|%06d|%x\n", 3.14159, "ab", 42, 255
    for (i = 0; i < 200000; i++)
        x = (x * 1103515245 + 12345) % 2147483648
    print x
    exit 5
}
