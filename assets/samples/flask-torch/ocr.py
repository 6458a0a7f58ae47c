"""Text out of images."""

import pytesseract
from PIL import Image, ImageOps


def version():
    """Version of the installed tesseract, for the about page."""
    return str(pytesseract.get_tesseract_version())


def read(path, language="eng"):
    """The text of one image. Small images are blown up first, tesseract likes about 300 dpi."""
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image).convert("L")
        if image.width < 1000:
            image = image.resize((image.width * 2, image.height * 2))
        image = ImageOps.autocontrast(image)
        return pytesseract.image_to_string(image, lang=language).strip()
