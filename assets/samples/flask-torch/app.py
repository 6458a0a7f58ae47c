"""Paperdesk: read a scan, find the notes that belong to it."""

import logging
import os
import uuid
from pathlib import Path

from flask import Flask, jsonify, render_template, request
from flask_cors import CORS

import ocr
import search
import storage

UPLOADS = Path(os.environ.get("UPLOADS", "uploads"))
ALLOWED = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("paperdesk")

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 20 * 1024 * 1024
CORS(app)

library = search.Library(Path(__file__).parent / "library" / "notes.json")


@app.route("/")
def index():
    return render_template("index.html", notes=library.notes)


@app.route("/health")
def health():
    return jsonify(status="ok", notes=len(library.notes))


@app.route("/about")
def about():
    return jsonify(tesseract=ocr.version(), device=search.device(), archive=storage.enabled())


@app.route("/search")
def find():
    query = request.args.get("q", "").strip()
    if not query:
        return jsonify(error="empty query"), 400
    return jsonify(query=query, results=library.closest(query))


@app.route("/scan", methods=["POST"])
def scan():
    upload = request.files.get("scan")
    if upload is None or not upload.filename:
        return jsonify(error="no file"), 400
    suffix = Path(upload.filename).suffix.lower()
    if suffix not in ALLOWED:
        return jsonify(error=f"cannot read {suffix or 'this'} files"), 415

    UPLOADS.mkdir(parents=True, exist_ok=True)
    target = UPLOADS / f"{uuid.uuid4().hex}{suffix}"
    upload.save(target)
    text = ocr.read(target)
    log.info("read %d characters from %s", len(text), upload.filename)
    storage.archive(target)
    return jsonify(text=text, results=library.closest(text) if text else [])


@app.route("/scan-url", methods=["POST"])
def scan_url():
    url = (request.get_json(silent=True) or {}).get("url", "")
    if not url.startswith(("http://", "https://")):
        return jsonify(error="not a web address"), 400
    UPLOADS.mkdir(parents=True, exist_ok=True)
    target = storage.fetch(url, UPLOADS)
    text = ocr.read(target)
    return jsonify(text=text, results=library.closest(text) if text else [])


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "5000")))
