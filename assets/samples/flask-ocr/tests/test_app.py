import brotli

from app import app


def test_page_lists_the_shops():
    assert "Harbour Books" in app.test_client().get("/").get_data(as_text=True)


def test_text():
    answer = app.test_client().post("/text", data="Harbour Books\n3 May 2024\nTotal $ 12.50\n")
    assert answer.get_json() == {"shop": "Harbour Books", "date": "2024-05-03", "total": 12.5, "currency": "USD"}


def test_small_answers():
    answer = app.test_client().get("/health", headers={"Accept-Encoding": "br"})
    assert brotli.decompress(answer.get_data()) == b'{"status":"ok"}\n'
