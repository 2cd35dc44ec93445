"""execve(PATH, ARGV) and, when that fails, the error's name. Usage: exec_and_report.py PATH ARGV..."""
import errno
import os
import sys

try:
    os.execv(sys.argv[1], sys.argv[2:])
except OSError as error:
    print(errno.errorcode[error.errno])
