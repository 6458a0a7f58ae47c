function show(results) {
  const list = document.getElementById("results");
  list.replaceChildren(...results.map((result) => {
    const item = document.createElement("li");
    item.textContent = `${result.title} (${result.score})`;
    return item;
  }));
}

document.getElementById("search").addEventListener("submit", async (event) => {
  event.preventDefault();
  const query = new FormData(event.target).get("q");
  const answer = await fetch(`/search?q=${encodeURIComponent(query)}`);
  show((await answer.json()).results || []);
});

document.getElementById("scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("/scan", { method: "POST", body: new FormData(event.target) });
  const scan = await answer.json();
  document.getElementById("text").textContent = scan.text || scan.error;
  show(scan.results || []);
});
