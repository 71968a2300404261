"""Uploads and polls with HTTP clients of many languages, each as its own pages show it, and prints what they got.

    apt-get install curl openjdk-17-jdk-headless golang-go php-cli php-curl ruby nodejs
    npm install --prefix PEERS/node axios undici form-data; pip install aiohttp
    python tests/peers/clients.py --peers PEERS --output tests/peers/clients.txt

Requests, httpx and aiohttp are taken from this Python where they are installed. Clients that can't be had are listed as missing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from diarkit_fixtures.wav.file import write_wav

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/api/technology/speaker-diarization"
TIMEOUT_S = 60

JAVA_CLIENT = """
import java.net.*; import java.net.http.*; import java.nio.file.*; import java.io.*;
public class Client { public static void main(String[] a) throws Exception {
  HttpClient client = %s;
  String b = "b" + System.nanoTime();
  byte[] head = ("--" + b + "\\r\\nContent-Disposition: form-data; name=\\"file\\"; filename=\\"call.wav\\"\\r\\nContent-Type: audio/wav\\r\\n\\r\\n").getBytes();
  byte[] file = Files.readAllBytes(Path.of(a[1])), tail = ("\\r\\n--" + b + "--\\r\\n").getBytes();
  var out = new ByteArrayOutputStream(); out.write(head); out.write(file); out.write(tail);
  var body = out.toByteArray();
  HttpRequest.BodyPublisher publisher = a.length > 2 ? HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)) : HttpRequest.BodyPublishers.ofByteArray(body);
  var post = HttpRequest.newBuilder(URI.create(a[0])).header("Content-Type", "multipart/form-data; boundary=" + b).POST(publisher).build();
  var accepted = client.send(post, HttpResponse.BodyHandlers.ofString());
  var where = accepted.headers().firstValue("x-location").get();
  var done = client.send(HttpRequest.newBuilder(URI.create(where)).build(), HttpResponse.BodyHandlers.ofString());
  System.out.println(accepted.statusCode() + " " + done.statusCode() + " " + done.body().contains("\\"done\\""));
}}
"""

JAVA_OLD = """
import java.net.*; import java.nio.file.*; import java.io.*;
public class Client { public static void main(String[] a) throws Exception {
  String b = "b" + System.nanoTime();
  var post = (HttpURLConnection) new URL(a[0]).openConnection();
  post.setDoOutput(true); post.setChunkedStreamingMode(1024);
  post.setRequestProperty("Content-Type", "multipart/form-data; boundary=" + b);
  try (var out = post.getOutputStream()) {
    out.write(("--" + b + "\\r\\nContent-Disposition: form-data; name=\\"file\\"; filename=\\"call.wav\\"\\r\\n\\r\\n").getBytes());
    Files.copy(Path.of(a[1]), out); out.write(("\\r\\n--" + b + "--\\r\\n").getBytes());
  }
  int accepted = post.getResponseCode();
  var poll = (HttpURLConnection) new URL(post.getHeaderField("x-location")).openConnection();
  var body = new String(poll.getInputStream().readAllBytes());
  System.out.println(accepted + " " + poll.getResponseCode() + " " + body.contains("\\"done\\""));
}}
"""

NODE_FETCH = """
%s
const [url, file] = process.argv.slice(2);
const form = new FormData();
form.append("file", new Blob([require("fs").readFileSync(file)], {type: "audio/wav"}), "call.wav");
form.append("config", JSON.stringify({max_speakers: 2}));
(async () => {
  const accepted = await fetch(url, {method: "POST", body: form});
  const done = await fetch(accepted.headers.get("x-location"));
  console.log(accepted.status, done.status, (await done.json()).task.state === "done");
})();
"""

AXIOS = """
const axios = require("axios"), FormData = require("form-data"), fs = require("fs");
const [url, file] = process.argv.slice(2);
const form = new FormData();
form.append("file", fs.createReadStream(file));
(async () => {
  const accepted = await axios.post(url, form, {headers: form.getHeaders()});
  const done = await axios.get(accepted.headers["x-location"]);
  console.log(accepted.status, done.status, done.data.task.state === "done");
})();
"""

PYTHON = """
import sys, %(name)s as http
url, file = sys.argv[1:]
with open(file, "rb") as opened:
    accepted = http.post(url, files={"file": opened}, data={"config": '{"max_speakers": 2}'})
done = http.get(accepted.headers["x-location"])
print(accepted.status_code, done.status_code, done.json()["task"]["state"] == "done")
"""

AIOHTTP = """
import aiohttp, asyncio, sys
async def main(url, file):
    async with aiohttp.ClientSession() as session:
        with open(file, "rb") as opened:
            async with session.post(url, data={"file": opened}) as accepted:
                status, where = accepted.status, accepted.headers["x-location"]
        async with session.get(where) as done:
            print(status, done.status, (await done.json())["task"]["state"] == "done")
asyncio.run(main(*sys.argv[1:]))
"""

GO = """
package main
import ("bytes"; "fmt"; "io"; "mime/multipart"; "net/http"; "os"; "strings")
func main() {
  pipe, out := io.Pipe(); form := multipart.NewWriter(out)
  go func() { part, _ := form.CreateFormFile("file", "call.wav"); data, _ := os.ReadFile(os.Args[2]); io.Copy(part, bytes.NewReader(data)); form.Close(); out.Close() }()
  accepted, err := http.Post(os.Args[1], form.FormDataContentType(), pipe)
  if err != nil { panic(err) }
  done, err := http.Get(accepted.Header.Get("x-location"))
  if err != nil { panic(err) }
  body, _ := io.ReadAll(done.Body)
  fmt.Println(accepted.StatusCode, done.StatusCode, strings.Contains(string(body), "\\"done\\""))
}
"""

PHP = r"""<?php
$post = curl_init($argv[1]);
curl_setopt_array($post, [CURLOPT_POSTFIELDS => ["file" => new CURLFile($argv[2], "audio/wav", "call.wav")], CURLOPT_RETURNTRANSFER => true, CURLOPT_HEADER => true]);
preg_match("/^x-location: (\\S+)/mi", curl_exec($post), $where);
$poll = curl_init($where[1]); curl_setopt($poll, CURLOPT_RETURNTRANSFER, true);
$body = json_decode(curl_exec($poll), true);
echo curl_getinfo($post, CURLINFO_RESPONSE_CODE), " ", curl_getinfo($poll, CURLINFO_RESPONSE_CODE), " ", $body["task"]["state"] === "done" ? "true" : "false", "\n";
"""

RUBY = """
require "net/http"; require "json"
uri = URI(ARGV[0])
post = Net::HTTP::Post.new(uri)
post.set_form([["file", File.open(ARGV[1])]], "multipart/form-data")
accepted = Net::HTTP.start(uri.host, uri.port) { |http| http.request(post) }
done = Net::HTTP.get_response(URI(accepted["x-location"]))
puts [accepted.code, done.code, JSON.parse(done.body)["task"]["state"] == "done"].join(" ")
"""

CURL = (
    'answer=$(curl -sS %s -D - -o /dev/null -w "%%{{http_code}}" -F "file=@$2" "$1") && '
    'where=$(printf "%%s" "$answer" | tr -d "\\r" | sed -n "s/^x-location: //p") && '
    'body=$(curl -sS %s -w " %%{{http_code}}" "$where") && '
    'echo "$(printf "%%s" "$answer" | tail -n 1) ${{body##* }} $(echo "$body" | grep -c \\"done\\")"'
)
EXPECTED = "202 200 true"


def list_clients(peers: Path | None) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Name, file, its text, and the command that runs it behind the file's name."""
    new = "HttpClient.newHttpClient()"
    old = "HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()"
    for name, flag in (("curl", ""), ("curl --http2", "--http2"), ("curl --http1.0", "--http1.0")):
        yield name, "run.sh", (CURL % (flag, flag)).replace("{{", "{").replace("}}", "}"), ("sh",)
    chunks = ' -H "Transfer-Encoding: chunked"'
    yield (
        "curl --http2, chunked",
        "run.sh",
        (CURL % ("--http2" + chunks, "--http2")).replace("{{", "{").replace("}}", "}"),
        ("sh",),
    )
    yield "Java 17 HttpClient", "Client.java", JAVA_CLIENT % new, ("java",)
    yield "Java 17 HttpClient, streamed", "Client.java", (JAVA_CLIENT % new).replace("a.length > 2", "true"), ("java",)
    yield "Java 17 HttpClient, HTTP/1.1", "Client.java", JAVA_CLIENT % old, ("java",)
    yield "Java HttpURLConnection, chunked", "Client.java", JAVA_OLD, ("java",)
    yield "Node fetch", "run.cjs", NODE_FETCH % "", ("node",)
    if peers is not None and (peers / "node/node_modules").is_dir():
        modules = f'module.paths.push("{peers.resolve()}/node/node_modules");'
        yield "undici", "run.cjs", NODE_FETCH % f'{modules} const {{fetch, FormData}} = require("undici");', ("node",)
        yield "axios", "run.cjs", modules + AXIOS, ("node",)
    yield "requests", "run.py", PYTHON % {"name": "requests"}, (sys.executable,)
    yield "httpx", "run.py", PYTHON % {"name": "httpx"}, (sys.executable,)
    yield "aiohttp", "run.py", AIOHTTP, (sys.executable,)
    yield "Go net/http, chunked", "run.go", GO, ("go", "run")
    yield "PHP curl", "run.php", PHP, ("php",)
    yield "Ruby Net::HTTP", "run.rb", RUBY, ("ruby",)


@contextmanager
def serve(folder: str) -> Iterator[str]:
    """Start the fake as users do, with tasks that are done at once."""
    scenario = Path(folder, "scenario.yaml")
    scenario.write_text("course: immediate\n")
    program = "from diarkit_mockserver.commands.main import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--scenario", str(scenario)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def ask(url: str, file: Path, text: str, name: str, command: tuple[str, ...]) -> str:
    """Let one client upload and poll; what it printed, or why it could not."""
    if shutil.which(command[0]) is None:
        return "missing"
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, name)
        program.write_text(text)
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOCACHE": f"{folder}/cache", "GO111MODULE": "off"}
        try:
            ended = subprocess.run(
                [*command, str(program), url + PATH, str(file)],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {TIMEOUT_S} s"
    if ended.returncode == 0:
        return ended.stdout.strip().lower().replace(" 1", " true")
    last = (ended.stderr.strip().splitlines() or ["failed"])[-1]
    return "missing" if "No module named" in last else last[:100]


def main() -> int:
    """Ask with all clients, print the table, and end with 1 if one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="folder that the packages of Node are installed in")
    parser.add_argument("--url", help="of another server that runs already")
    parser.add_argument("--output", type=Path, help="file to write, too")
    asked = parser.parse_args()
    lines: list[str] = ["client                           upload, poll, done"]
    failed = 0
    with tempfile.TemporaryDirectory() as folder, serve(folder) as own:
        file = Path(folder, "call.wav")
        file.write_bytes(write_wav(np.full((400_000, 1), 999, np.int16), 8000))
        for name, program, text, command in list_clients(asked.peers):
            got = ask(asked.url or own, file, text, program, command)
            failed += got not in (EXPECTED, "missing")
            lines.append(f"{name:32} {got}")
            sys.stderr.write(lines[-1] + "\n")
    table = "\n".join(lines) + "\n"
    sys.stdout.write(table)
    if asked.output:
        asked.output.write_text(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
