"""Asks Chromium what it shows of the corpus. Tests read the stored answers instead."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.media_corpus import Sample

TIMEOUT = 240
"""Seconds, for all files."""
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
FFPROBE = (
    "ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json",
    "-show_entries", "stream=width,height:format=duration",
)  # fmt: skip
PAGE = """<!doctype html><script>
const until = (element, events) => Promise.race([
  ...events.map(e => new Promise(done => element.addEventListener(e, () => done(e)))),
  new Promise(done => setTimeout(() => done("timeout"), 4000))]);
function letters(source, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width; canvas.height = height;
  const context = canvas.getContext("2d");
  context.drawImage(source, 0, 0, width, height);
  return [[1, 1], [3, 1], [1, 3], [3, 3]].map(([x, y]) => Array.from(context.getImageData(
    Math.floor(width * x / 4), Math.floor(height * y / 4), 1, 1).data));
}
async function picture(address) {
  const image = new Image(), loaded = until(image, ["load", "error"]);
  image.src = address;
  if (await loaded !== "load") return null;
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  return {width, height, pixels: letters(image, width, height), duration: null};
}
async function video(address) {
  const element = document.createElement("video"), loaded = until(element, ["loadeddata", "error"]);
  element.muted = true; element.src = address;
  if (await loaded !== "loadeddata") return null;
  const [width, height] = [element.videoWidth, element.videoHeight];
  const duration = Number.isFinite(element.duration) ? element.duration : null;
  let pixels = width ? letters(element, width, height) : null;
  for (let tries = 0; pixels && pixels[0][3] === 0 && tries < 40; tries++) {
    await new Promise(done => setTimeout(done, 50));  // the first frame is not painted yet
    pixels = letters(element, width, height);
  }
  return {width, height, pixels, duration};
}
(async () => {
  const seen = {version: navigator.userAgent.match(/Chrome\\/[0-9.]+/)[0], files: {}};
  for (const [index, [name, type]] of Object.entries(await (await fetch("list")).json()))
    seen.files[name] = await (type.startsWith("image/") ? picture : video)("file/" + index);
  await fetch("seen", {method: "POST", body: JSON.stringify(seen)});
})();
</script>"""


def read(chromium: str, samples: Sequence[Sample]) -> dict[str, Any]:
    """What Chromium shows of each sample: `width`, `height`, four `pixels` and `duration`."""
    answer: list[dict[str, Any]] = []
    arrived = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/file/"):
                sample = samples[int(self.path[6:])]
                self._send(sample.make(), sample.media_type)
            elif self.path == "/list":
                self._send(json.dumps([[each.name, each.media_type] for each in samples]).encode())
            else:
                self._send(PAGE.encode(), "text/html")

        def do_POST(self) -> None:
            answer.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._send(b"")
            arrived.set()

        def log_message(self, *_arguments: object) -> None:
            """Keep the terminal quiet."""

        def _send(self, body: bytes, media_type: str = "application/json") -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _browse(chromium, f"http://127.0.0.1:{server.server_port}/", arrived)
        server.shutdown()
    files = answer[0]["files"]
    missing = [each for each in samples if files[each.name] is None]
    version = subprocess.check_output(["ffprobe", "-version"], text=True).split()[2]  # noqa: S607  found in PATH
    return {
        "chromium": answer[0]["version"],
        "ffprobe": version,
        "files": files | {each.name: _probed(each) for each in missing},
    }


def _probed(sample: Sample) -> dict[str, Any]:
    """What ffprobe says about a file that Chromium does not decode. There are no pixels."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(sample.make())
        file.flush()
        command = [*FFPROBE, file.name]
        said = json.loads(subprocess.check_output(command))  # noqa: S603  our own words
    stream = said["streams"][0]
    return {
        "width": stream["width"],
        "height": stream["height"],
        "pixels": None,
        "duration": float(said["format"]["duration"]),
    }


def _browse(chromium: str, address: str, arrived: threading.Event) -> None:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        subprocess.Popen(  # noqa: S603  the program is the caller's own choice
            [chromium, *OPTIONS, f"--user-data-dir={profile}", address], stderr=subprocess.DEVNULL
        ) as process,
    ):
        arrived.wait(TIMEOUT)
        process.terminate()
