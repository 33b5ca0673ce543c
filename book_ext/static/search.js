// Search as you type, in the dialog and on search.html, over the index that Sphinx writes. No server is needed;
// over HTTP each hit also gets the sentence it stands in and the section to go to.
(() => {
  "use strict";
  const root = new URL(document.documentElement.dataset.content_root || "./", location.href);
  const SHOWN = 12;
  const load = name => new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, {src: new URL(name, root).href, onload: done, onerror: () => failed(new Error(name))});
    document.head.append(script);
  });

  let index = null;
  // The protocol of Sphinx's searchindex.js: it calls this.
  globalThis.Search = {setIndex: data => { index = data; }};
  const ready = Promise.all([load("_static/language_data.js"), load("searchindex.js")]);

  // --- Asking -------------------------------------------------------------------------------------------

  const stems = query => {
    const stemmer = new Stemmer();
    const words = splitQuery(query.toLowerCase()).filter(word => !stopwords.includes(word));
    return words.map(word => ({word, stem: stemmer.stemWord(word)}));
  };
  const pages = found => found === undefined ? [] : [found].flat();

  /** Pages that hold one word, with a weight: exact matches, or, while it is being typed, words that begin so. */
  const pagesWith = ({word, stem}, last) => {
    const weights = new Map();
    const add = (found, weight) => { for (const page of pages(found)) weights.set(page, Math.max(weight, weights.get(page) ?? 0)); };
    for (const form of new Set([stem, word])) {
      if (Object.hasOwn(index.terms, form)) add(index.terms[form], 5);
      if (Object.hasOwn(index.titleterms, form)) add(index.titleterms[form], 15);
    }
    if (last && word.length > 1) {
      for (const term of Object.keys(index.terms)) if (term.startsWith(word)) add(index.terms[term], 3);
      for (const term of Object.keys(index.titleterms)) if (term.startsWith(word)) add(index.titleterms[term], 8);
    }
    return weights;
  };

  /** Headings and index entries that contain the query as it stands. */
  const places = query => {
    const hits = [];
    const scan = (table, weight) => {
      for (const [text, where] of Object.entries(table)) {
        if (!text.toLowerCase().includes(query)) continue;
        const near = weight * (query.length / text.length + 1);
        for (const [page, id] of where) hits.push({page, id: id ?? "", title: text, score: near});
      }
    };
    scan(index.alltitles, 20);
    scan(index.indexentries, 16);
    return hits;
  };

  const ask = query => {
    const wanted = stems(query);
    if (!wanted.length) return [];
    const sets = wanted.map((word, i) => pagesWith(word, i === wanted.length - 1));
    const hits = places(query.trim().toLowerCase());
    for (const page of sets[0].keys()) {
      if (!sets.every(set => set.has(page))) continue;
      const score = sets.reduce((sum, set) => sum + set.get(page), 0) / sets.length;
      hits.push({page, id: "", title: index.titles[page], score, whole: true});
    }
    const best = new Map();
    for (const hit of hits.sort((a, b) => b.score - a.score)) {
      const key = `${hit.page}#${hit.id}`;
      if (!best.has(key)) best.set(key, hit);
    }
    return [...best.values()];
  };

  // --- Showing ------------------------------------------------------------------------------------------

  const fileOf = page => index.docnames[page] + ".html";
  const texts = new Map();

  /** The text of a page in blocks, each with its section: only where a page may read others (not from disk). */
  const blocksOf = page => {
    if (location.protocol === "file:") return Promise.resolve([]);
    if (!texts.has(page)) texts.set(page, fetch(new URL(fileOf(page), root)).then(r => r.text()).then(cutUp, () => []));
    return texts.get(page);
  };
  const cutUp = html => {
    const article = new DOMParser().parseFromString(html, "text/html").querySelector("article.text");
    for (const noise of article?.querySelectorAll("script, .headerlink, .katex-mathml, .explorable, .tested") ?? []) noise.remove();
    return [...article?.querySelectorAll("p, li, td, dt, figcaption") ?? []]
      .filter(block => !block.querySelector("p, li"))
      .map(block => ({text: block.textContent.replace(/\s+/g, " ").trim(), id: block.closest("section[id]")?.id ?? ""}));
  };

  const excerpt = async (hit, wanted, item) => {
    const blocks = await blocksOf(hit.page);
    const count = ({text}) => wanted.filter(({word, stem}) => [word, stem].some(w => text.toLowerCase().includes(w))).length;
    const inside = hit.id ? blocks.filter(block => block.id === hit.id) : blocks;
    const block = inside.reduce((best, next) => (count(next) > (best ? count(best) : 0) ? next : best), null);
    if (!block || !item.isConnected) return;
    const low = block.text.toLowerCase();
    const at = Math.min(...wanted.flatMap(({word, stem}) => [word, stem]).map(w => low.indexOf(w)).filter(i => i >= 0));
    const from = at < 90 ? 0 : low.indexOf(" ", at - 80) + 1 || at - 80;
    const line = document.createElement("small");
    line.append(...marked((from ? "… " : "") + block.text.slice(from, from + 170) + (from + 170 < block.text.length ? " …" : ""), wanted));
    item.append(line);
    if (!hit.id && block.id) item.querySelector("a").href += "#" + block.id;
  };

  const marked = (text, wanted) => {
    const escape = w => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(`(${wanted.map(({word, stem}) => escape(word.startsWith(stem) ? stem : word)).join("|")})`, "gi");
    return text.split(pattern).map((part, i) => {
      if (i % 2 === 0) return part;
      const mark = document.createElement("mark");
      mark.textContent = part;
      return mark;
    });
  };

  /** The text of a page's title, which the index keeps as HTML. */
  const plain = html => new DOMParser().parseFromString(html, "text/html").body.textContent;

  const show = (query, place) => {
    const hits = ask(query);
    const wanted = stems(query);
    place.replaceChildren();
    if (!query.trim()) return;
    if (!hits.length) {
      const none = document.createElement("p");
      none.textContent = `Nothing found for “${query.trim()}”.`;
      place.append(none);
      return;
    }
    const list = document.createElement("ol");
    for (const hit of hits.slice(0, SHOWN)) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = new URL(fileOf(hit.page), root).href + (hit.id ? "#" + hit.id : "");
      link.textContent = hit.whole ? plain(hit.title) : hit.title;
      item.append(link);
      if (!hit.whole && hit.id) item.append(` in ${plain(index.titles[hit.page])}`);
      list.append(item);
      excerpt(hit, wanted, item);
    }
    place.append(list);
  };

  // --- Listening ----------------------------------------------------------------------------------------

  const serve = (form, place) => {
    const input = form.querySelector("input");
    let waiting = 0, shown = null;
    const update = async () => {
      clearTimeout(waiting);
      try { await ready; } catch { place.textContent = "The search index could not be loaded."; return; }
      if (input.value === shown) return;  // the hits in view stay, and with them the focus
      show(shown = input.value, place);
    };
    input.addEventListener("input", event => {
      if (event.isComposing) return;  // half-typed Pinyin is not a query
      clearTimeout(waiting);
      waiting = setTimeout(update, 120);
    });
    input.addEventListener("compositionend", update);
    form.addEventListener("submit", event => {
      event.preventDefault();
      update().then(() => place.querySelector("a")?.click());
    });
    (form.closest("dialog") ?? form.parentElement).addEventListener("keydown", async event => {
      const step = {ArrowDown: 1, ArrowUp: -1}[event.key], from = document.activeElement;
      if (!step || from !== input && !place.contains(from)) return;
      event.preventDefault();
      if (from === input) await update();  // an arrow leads into the hits of what was asked last
      const stops = [input, ...place.querySelectorAll("a")];
      stops[stops.indexOf(from) + step]?.focus();
    });
    return {input, update};
  };

  const box = document.getElementById("search-box");
  const inBox = serve(box.querySelector("form"), box.querySelector(".search-found"));
  if (inBox.input.value) inBox.update();
  box.addEventListener("click", event => event.target.closest("a") && box.close());

  const page = document.getElementById("search-results");
  if (page) {
    const {input, update} = serve(document.querySelector(".search-form"), page);
    input.value = new URLSearchParams(location.search).get("q") ?? "";
    input.focus();
    update();
  }
})();
