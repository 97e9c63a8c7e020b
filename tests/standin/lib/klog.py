"""Lines as klog writes them, to stderr."""
import os
import sys
import time


def _line(level, where, message, fields):
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.localtime(now))
    extra = "".join(f" {key}={_quote(value)}" for key, value in fields.items())
    text = _quote(message) if fields else message
    print(f"{level}{stamp}.{int(now % 1 * 1e6):06d} {os.getpid():7d} {where}] {text}{extra}",
          file=sys.stderr, flush=True)


def _quote(value):
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def info(where, message, **fields):
    _line("I", where, message, fields)


def warning(where, message, **fields):
    _line("W", where, message, fields)


def error(where, message, **fields):
    _line("E", where, message, fields)
