"""Runs a command on a terminal of its own, plays the user, and looks at what becomes of the terminal.

    terminal.py PLAY COMMAND...

Ends with 0 when all was as it should be.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE_S = 20


class Terminal:
    def __init__(self, command):
        self.master, self.slave = pty.openpty()
        self.seen = b""
        self.resize(100, 30)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.close(self.master)
            os.execvp(command[0], command)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO)

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.seen += os.read(self.master, 65536)

    def until(self, what, condition):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"not in time: {what}; seen: {self.seen!r}")
            self.read(0.05)

    def expect(self, pattern):
        self.until(pattern, lambda: re.search(pattern.encode(), self.seen))
        self.seen = b""

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """What the command ended with: its exit code, or minus the signal's number."""
        status = []

        def over():
            pid, how = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                status.append(os.waitstatus_to_exitcode(how))
            return bool(pid)

        self.until("the end", over)
        return status[0]

    def begin(self):
        """A shell that has answered, on a raw terminal."""
        self.type("echo be''gun\n")
        self.expect("begun")
        check(self.is_raw(), "the terminal is not raw while the shell runs")

    def given_back(self):
        self.until("the terminal to be given back", lambda: not self.is_raw())


def check(condition, what):
    if not condition:
        sys.exit(what)


def talk(terminal):
    """Keys arrive as they are: Ctrl-C ends what runs there, and nothing here."""
    terminal.begin()
    terminal.type("echo th''ere; sleep 600; echo not this\n")
    terminal.expect("there")
    time.sleep(0.5)  # now it sleeps
    terminal.type("\x03")
    terminal.type("tty >/dev/null && echo is a ter''minal\n")
    terminal.expect("is a terminal")
    terminal.type("\x04")
    check(terminal.end() in (0, 130), "the shell's end is not the end")
    terminal.given_back()


def resize(terminal):
    terminal.begin()
    terminal.type("stty size\n")
    terminal.expect("30 100")
    terminal.resize(77, 22)
    os.kill(terminal.pid, signal.SIGWINCH)
    time.sleep(0.5)
    terminal.type("stty size\n")
    terminal.expect("22 77")
    terminal.type("exit\n")
    check(terminal.end() == 0, "the shell did not end with 0")


def code(terminal):
    terminal.begin()
    terminal.type("exit 42\n")
    check(terminal.end() == 42, "the shell's exit code is lost")
    terminal.given_back()


def killed(terminal):
    terminal.begin()
    os.kill(terminal.pid, signal.SIGKILL)
    check(terminal.end() == -signal.SIGKILL, "it was not killed")
    terminal.given_back()


def terminated(terminal):
    terminal.begin()
    os.kill(terminal.pid, signal.SIGTERM)
    check(terminal.end() == 128 + signal.SIGTERM, "it did not end by SIGTERM")
    terminal.given_back()


def twice(terminal):
    """The second signal ends it at once."""
    terminal.begin()
    os.kill(terminal.pid, signal.SIGSTOP)
    os.kill(terminal.pid, signal.SIGTERM)
    os.kill(terminal.pid, signal.SIGINT)
    os.kill(terminal.pid, signal.SIGCONT)
    check(terminal.end() > 128, "it did not end by a signal")
    terminal.given_back()


if __name__ == "__main__":
    plays = {play.__name__: play for play in (talk, resize, code, killed, terminated, twice)}
    plays[sys.argv[1]](Terminal(sys.argv[2:]))
