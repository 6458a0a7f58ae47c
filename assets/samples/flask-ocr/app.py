"""Receipts: shop, date and total out of a photograph."""

import os
import uuid
from pathlib import Path

import brotli
from flask import Flask, jsonify, render_template, request
from flask_cors import CORS

from receipts import ocr, parse, rates, shops

UPLOADS = Path(os.environ.get("UPLOADS", "uploads"))

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 20 * 1024 * 1024
CORS(app)


@app.after_request
def compress(response):
    """Telephones in the shop are slow: pages and answers go out small."""
    if response.direct_passthrough or "br" not in request.headers.get("Accept-Encoding", ""):
        return response
    response.set_data(brotli.compress(response.get_data(), quality=5))
    response.headers["Content-Encoding"] = "br"
    response.headers["Vary"] = "Accept-Encoding"
    return response


@app.route("/")
def index():
    return render_template("index.html", shops=shops.known())


@app.route("/health")
def health():
    return jsonify(status="ok")


@app.route("/about")
def about():
    return jsonify(tesseract=ocr.version(), shops=len(shops.known()), rates=rates.enabled())


@app.route("/text", methods=["POST"])
def text():
    """Receipt details of plain text, for receipts that come by mail."""
    return jsonify(details(request.get_data(as_text=True)))


@app.route("/receipt", methods=["POST"])
def receipt():
    photo = request.files.get("receipt")
    if photo is None or not photo.filename:
        return jsonify(error="no photograph"), 400
    UPLOADS.mkdir(parents=True, exist_ok=True)
    target = UPLOADS / f"{uuid.uuid4().hex}{Path(photo.filename).suffix.lower()}"
    photo.save(target)
    try:
        words = ocr.read(target)
    except OSError:
        return jsonify(error="this is no image that can be read"), 415
    return jsonify(text=words, **details(words))


def details(words):
    total, currency = parse.total(words)
    return {
        "shop": shops.guess(words),
        "date": parse.date(words),
        "total": rates.convert(total, currency),
        "currency": currency,
    }


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "5000")))
