import io

from PIL import Image, ImageDraw

from app import app, library


def test_page_lists_the_notes():
    page = app.test_client().get("/").get_data(as_text=True)
    assert "Heating contract" in page


def test_health():
    assert app.test_client().get("/health").get_json()["status"] == "ok"


def test_search_by_words():
    scores = library._by_words("photographs of the broken windows")
    assert library.notes[int(scores.argmax())]["title"] == "Office insurance"


def test_scan():
    image = Image.new("L", (600, 120), 255)
    ImageDraw.Draw(image).text((20, 40), "water meter", fill=0, font_size=48)
    file = io.BytesIO()
    image.save(file, "PNG")
    file.seek(0)
    answer = app.test_client().post("/scan", data={"scan": (file, "letter.png")})
    assert "water" in answer.get_json()["text"].lower()
