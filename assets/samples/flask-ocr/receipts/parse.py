"""Dates and totals out of text that is full of mistakes."""

import regex
from dateutil import parser

CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP"}

# up to one wrong letter in the word, tesseract likes "T0TAL"
TOTAL = regex.compile(r"(?:grand\s+)?(?:total|sum|amount\s+due){e<=1}\D{0,12}?(\p{Sc})?\s*(\d+[.,]\d{2})", regex.IGNORECASE)
DATE = regex.compile(r"\b(\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}\s+\p{Lu}\p{Ll}{2,8}\s+\d{4})\b")


def total(text):
    """(amount, currency) of the last total on the receipt, (None, None) without one."""
    found = TOTAL.findall(text)
    if not found:
        return None, None
    sign, amount = found[-1]
    return float(amount.replace(",", ".")), CURRENCIES.get(sign, "EUR")


def date(text):
    match = DATE.search(text)
    if match is None:
        return None
    try:
        return parser.parse(match[1], dayfirst=True).date().isoformat()
    except (ValueError, OverflowError):
        return None
