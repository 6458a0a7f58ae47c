"""Where scans come from and where they are kept."""

import os
import uuid
from pathlib import Path
from urllib.parse import urlparse

import boto3
import requests

BUCKET = os.environ.get("ARCHIVE_BUCKET", "")


def enabled():
    return bool(BUCKET)


def archive(path):
    """Copy a scan to the bucket, if there is one."""
    if enabled():
        boto3.client("s3").upload_file(str(path), BUCKET, f"scans/{path.name}")


def fetch(url, folder):
    """Download an image into the folder."""
    response = requests.get(url, timeout=30)
    response.raise_for_status()
    suffix = Path(urlparse(url).path).suffix or ".png"
    target = folder / f"{uuid.uuid4().hex}{suffix}"
    target.write_bytes(response.content)
    return target
