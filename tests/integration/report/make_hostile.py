#!/usr/bin/python3
"""A trace of a program that wants its names to become markup or script of the page, wherever a text of the trace comes."""
import sys

TEXTS = [
    b"<script>document.title='run'</script>",
    b"</title><script>document.title='run'</script>",
    b"</style><img src=x onerror=\\\"document.title='run'\\\">",
    b"</script><script>document.title='run'</script>",
    b"\\\"><svg onload=\\\"document.title='run'\\\">",
    b"' onmouseover='document.title=1' x='",
    b"<!-- <script>",
    b"]]><a href=javascript:document.title='run'>x</a>",
    b"{{script}}",
    b"&lt;b&gt;&#60;i&#62;&amp",
    b"/tmp/\\u001b[31m\\n\xff",
    b"\\u202etxt.exe\\u202c \xe2\x80\xae \\u0000 \\ud800 \xed\xa0\x80 \xc0\xbc \xf4\x90\x80\x80",
    b"x" * 5000,
]


def write(line):
    sys.stdout.buffer.write(line + b"\n")


write(b'{"type":"trace","version":1,"start":0,"command":["' + b'","'.join(TEXTS) + b'"]}')
time = 0
for text in TEXTS:
    for kind in b"openat", b"execve", text:
        time += 1
        place = b'"time":%d,"pid":1,"tid":%d' % (time, 1 + time % 5)
        write(b'{"type":"call",%s,"duration":0.5,"call":"%s","text":"%s","result":%d,"error":"%s","objects":["%s"]}'
              % (place, kind, text, -1, text, text))
        write(b'{"type":"call",%s,"duration":0.5,"call":"%s","text":"%s","result":0,"objects":["%s","TCP %s"]}'
              % (place, kind, text, text, text))
        write(b'{"type":"signal",%s,"signal":"%s","text":"%s"}' % (place, text, text))
        write(b'{"type":"exit",%s,"status":-9223372036854775808}' % place)
        write(b'{"type":"%s",%s}' % (text, place))
