"""`python -m cadena_verify` is the same program as `cadena-verify`."""

from cadena_verify.cli import run

if __name__ == "__main__":
    run()
