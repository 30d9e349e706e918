"""Runs a command in a pseudo-terminal: stdin and stdout of this script are the keyboard and the screen.

File descriptor 3 takes lines `COLUMNS ROWS`, each of which resizes the terminal. The exit status is the command's own.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def resize(master, columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    columns, rows, *command = sys.argv[1:]
    pid, master = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    resize(master, int(columns), int(rows))
    os.kill(pid, signal.SIGWINCH)
    sources = [master, 0, 3]
    while True:
        readable, _, _ = select.select(sources, [], [])
        # Before the keys: what is typed after a resize must meet the new size.
        if 3 in readable:
            line = os.read(3, 64).split()
            if line:
                resize(master, int(line[0]), int(line[1]))
            else:
                sources.remove(3)
        if master in readable:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            os.write(1, data)
        if 0 in readable:
            keys = os.read(0, 4096)
            if keys:
                os.write(master, keys)
            else:
                # The keyboard went away: closing the terminal is what makes the command see a hang-up.
                sources.remove(0)
                os.close(master)
                break
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) % 256)


main()
