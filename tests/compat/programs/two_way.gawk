# A coprocess, and a server and a client over loopback, the server in a child of its own.
BEGIN {
    sorter = "sort -r"
    for (i = 1; i <= 5; i++)
        print i |& sorter
    close(sorter, "to")
    while ((sorter |& getline line) > 0)
        print "sorted", line
    close(sorter)

    child = "gawk 'BEGIN { s = \"/inet/tcp/" port "/0/0\"; while ((s |& getline q) > 0) print \"answer to\", q |& s }'"
    print "" | (child)
    client = "/inet/tcp/0/127.0.0.1/" port
    PROCINFO[client, "RETRY"] = 1
    fflush()
    for (tries = 0; tries < 2000; tries++) {
        print "question 1" |& client
        if ((client |& getline line) > 0)
            break
        close(client)
        system("sleep 0.05")
    }
    print line
    print "question 2" |& client
    client |& getline line
    print line
    close(client)
    close(child)
    PROCINFO["sorted_in"] = "@val_num_desc"
    a["x"] = 1; a["y"] = 3; a["z"] = 2
    for (k in a)
        print k, a[k]
    print strftime("%F %T", 86400, 1), mktime("1970 01 02 00 00 00", 1)
    print gensub(/(a)(b)/, "\\2\\1", "g", "abcab"), and(12, 10), strtonum("0x1F")
}
