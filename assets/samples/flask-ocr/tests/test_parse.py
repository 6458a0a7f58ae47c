from receipts import parse, shops

RECEIPT = """\
GREEN GR0CER
12.03.2024  18:04
Apples          2,40
Bread           3,10
T0TAL         € 5,50
"""


def test_total_in_spite_of_a_wrong_letter():
    assert parse.total(RECEIPT) == (5.5, "EUR")


def test_no_total():
    assert parse.total("thank you, come again") == (None, None)


def test_date():
    assert parse.date(RECEIPT) == "2024-03-12"


def test_shop():
    assert shops.guess(RECEIPT) == "Green Grocer"
