"""How kubeadm ends when something is wrong."""


class Failure(Exception):
    """Printed with kubeadm's tail; the exit code is 1, 2 (preflight) or 3 (validation)."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


class PhaseFailure(Failure):
    def __init__(self, phase, message):
        super().__init__(f"error execution phase {phase}: {message}")


class PreflightErrors(Exception):
    """`problems`: (check, message) pairs."""

    def __init__(self, problems):
        lines = "".join(f"\t[ERROR {name}]: {text}\n" for name, text in problems)
        super().__init__(
            f"[preflight] Some fatal errors occurred:\n{lines}[preflight] If you know what you "
            "are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`")


TAIL = "To see the stack trace of this error execute with --v=5 or higher"
