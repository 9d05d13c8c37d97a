// The search: who looks for a message of torch finds its explanation first, whatever sizes are in it.
{
  const asked = (new URLSearchParams(location.search).get("q") ?? "").split(/\s+/).join(" ");
  const { last } = JSON.parse(document.getElementById("messages").textContent).reduce(
    (found, [pattern, id, title]) => {
      for (const match of asked.matchAll(new RegExp(pattern, "g"))) {
        const end = match.index + match[0].length;
        if (end > found.end) found = { end, last: [id, title] };
      }
      return found;
    },
    { end: 0 },
  );
  if (last) {
    const link = Object.assign(document.createElement("a"), { textContent: last[1] });
    link.href = `errors.html#${last[0]}`;
    const line = document.createElement("p");
    line.id = "explained";
    line.className = "admonition";
    line.append("This message is explained: ", link);
    document.getElementById("search-results").before(line);
  }
}
