"use strict";
// Ranks the results of the search by how much a page is about the words (BM25, as search engines do),
// in the place of Sphinx's search, which asks for all words and then goes by the alphabet. docs/search_index.py
// makes WORDS.
{
  const { places, lengths, words } = WORDS;
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const known = Object.keys(words);
  const SATURATION = 1.5, LENGTH = 0.6, PREFIX = 0.4, MOST = 30;

  const asked = (query) => {
    const stemmer = new Stemmer();
    const found = query.toLowerCase().match(/\d+(?:\.\d+)+|[\p{L}_][\p{L}\p{N}_]*/gu) || [];
    return new Set(found.filter((word) => word.length > 1 && !stopwords.has(word)).map(
      (word) => (/[\d_]/.test(word) ? word : stemmer.stemWord(word))));
  };

  // The score of each place for one word, as it stands there or as the beginning of a longer one.
  const scores = (word) => {
    const found = new Map();
    const score = (form, share) => {
      const entry = words[form];
      const rare = Math.log(1 + places.length / (entry.length / 2));
      for (let at = 0; at < entry.length; at += 2) {
        const [place, weight] = [entry[at], entry[at + 1]];
        const long = SATURATION * (1 - LENGTH + LENGTH * lengths[place] / mean);
        const value = share * rare * weight * (SATURATION + 1) / (weight + long);
        found.set(place, Math.max(value, found.get(place) || 0));
      }
    };
    if (Object.hasOwn(words, word)) score(word, 1);
    else if (word.length > 2) known.filter((form) => form.startsWith(word)).forEach((form) => score(form, PREFIX));
    return found;
  };

  Search._performSearch = (query) => {
    const wanted = [...asked(query)].map(scores);
    const total = new Map();
    for (const found of wanted)
      for (const [place, value] of found) {
        const [sum, count] = total.get(place) || [0, 0];
        total.set(place, [sum + value, count + 1]);
      }
    // A place that has more of the words comes first.
    const ranked = [...total].map(([place, [sum, count]]) => [place, places[place][3] * sum * count / wanted.length])
      .sort((one, other) => other[1] - one[1]);
    // The best place of each page.
    const best = new Map();
    for (const [place, value] of ranked) {
      const page = places[place][0];
      if (!best.has(page)) best.set(page, [place, value]);
    }
    const [first] = best.values();
    const results = [...best.values()].filter(([, value]) => value > first[1] / 5).slice(0, MOST);
    // Sphinx shows the last result first.
    return results.reverse().map(([place, value]) => {
      const [page, title, anchor] = places[place];
      return [page, title, anchor, null, value, `${page}.html`, SearchResultKind.text];
    });
  };

  // Sphinx waits for an index of its own.
  Search.setIndex({});

  // A picture is no text to quote, and the words of two cells are not one word.
  const { htmlToText } = Search;
  Search.htmlToText = (html, anchor) =>
    htmlToText(html.replace(/<svg[\s\S]*?<\/svg>/g, " ").replace(/<br>|<\/t[dh]>/g, "$& "), anchor);
}
