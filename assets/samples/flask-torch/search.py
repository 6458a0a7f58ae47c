"""Find the notes that are closest to a text."""

import json
import logging
import os
import threading

import torch
from sklearn.feature_extraction.text import TfidfVectorizer

log = logging.getLogger("paperdesk.search")

MODEL = os.environ.get("SENTENCE_MODEL", "all-MiniLM-L6-v2")


def device():
    # laptops have no GPU, the old server had one
    return "cuda" if torch.cuda.is_available() else "cpu"


class Library:
    def __init__(self, path):
        self.notes = json.loads(path.read_text(encoding="utf-8"))
        self._texts = [f"{note['title']}. {note['text']}" for note in self.notes]
        self._words = TfidfVectorizer(stop_words="english")
        self._word_vectors = torch.tensor(self._words.fit_transform(self._texts).toarray(), dtype=torch.float32)
        self._loading = None
        self._model = None
        self._meanings = None

    def closest(self, text, count=3):
        scores = self._by_meaning(text)
        if scores is None:
            scores = self._by_words(text)
        best = torch.topk(scores, min(count, len(self.notes)))
        return [
            {"title": self.notes[i]["title"], "score": round(score, 3)}
            for score, i in zip(best.values.tolist(), best.indices.tolist())
        ]

    def _by_words(self, text):
        vector = torch.tensor(self._words.transform([text]).toarray(), dtype=torch.float32)
        return torch.nn.functional.cosine_similarity(vector, self._word_vectors)

    def _by_meaning(self, text):
        """None as long as there is no model: the word statistics will do then."""
        if self._loading is None:
            # the first download takes a minute, nobody wants to wait for that
            self._loading = threading.Thread(target=self._load, daemon=True)
            self._loading.start()
        if self._meanings is None:
            return None
        vector = self._model.encode([text], convert_to_tensor=True)
        return torch.nn.functional.cosine_similarity(vector, self._meanings).cpu()

    def _load(self):
        try:
            from sentence_transformers import SentenceTransformer

            self._model = SentenceTransformer(MODEL, device=device())
            self._meanings = self._model.encode(self._texts, convert_to_tensor=True)
        except Exception as error:
            log.warning("no sentence model (%s), searching by words", error)
