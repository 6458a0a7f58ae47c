"""Text out of photographs."""

import pytesseract
from PIL import Image, ImageFilter, ImageOps


def version():
    return str(pytesseract.get_tesseract_version())


def read(path):
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image).convert("L")
        # receipts are narrow columns on grey paper
        image = ImageOps.autocontrast(image.filter(ImageFilter.MedianFilter(3)))
        return pytesseract.image_to_string(image, lang="eng", config="--psm 6").strip()
