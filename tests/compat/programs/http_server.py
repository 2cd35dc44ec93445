"""The other end for curl: answers with what it was sent. Usage: http_server.py PORT"""
import base64
import gzip
import hashlib
import http.server
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def numbers(self, count):
        body = "".join(f"{n}\n" for n in range(1, count + 1)).encode()
        wanted = self.headers.get("Range")
        if wanted:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.answer(body[start:], 206, Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.answer(body)

    def do_GET(self):
        _, kind, *rest = self.path.split("/")
        if kind == "numbers":
            self.numbers(int(rest[0]))
        elif kind == "gzip":
            self.answer(gzip.compress(b"compressed " * 10000, mtime=0), Content_Encoding="gzip")
        elif kind == "redirect":
            left = int(rest[0])
            self.answer(b"arrived\n") if left == 0 else self.answer(b"", 302, Location=f"/redirect/{left - 1}")
        elif kind == "authenticated":
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            self.answer(base64.b64decode(given) + b"\n")
        elif kind == "headers":
            shown = [self.headers.get(name, "-") for name in ("X-Test", "User-Agent", "Cookie")]
            self.answer((" ".join(shown) + "\n").encode(), Set_Cookie="session=1")
        elif kind == "slow":
            time.sleep(600)
            self.answer(b"late\n")
        else:
            self.answer(b"", 404)

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_POST(self):
        body = self.body()
        self.answer(f"{self.command} {len(body)} {hashlib.sha256(body).hexdigest()}\n".encode())

    do_PUT = do_POST


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
