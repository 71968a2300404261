"""`python -m diarkit`: the command without a script on the path."""

from diarkit_mockserver.commands.main import main

if __name__ == "__main__":
    main(prog_name="diarkit")
