// The page's own behaviour, loaded first in the head so that the theme is set before anything is painted.
// Everything here is an addition: without scripts the page reads, folds, turns and prints.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("has-js");

  // --- Light and dark: the system's choice until the reader makes one; choosing the system's again forgets it.
  const KEY = "book-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const applyTheme = () => {
    const choice = remembered();
    root.dataset.theme = choice === "dark" || choice === "light" ? choice : system.matches ? "dark" : "light";
    document.querySelector("[data-do=theme]")?.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  };
  const switchTheme = () => {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      if (next === (system.matches ? "dark" : "light")) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch { /* a browser that keeps nothing still switches this page */ }
    root.dataset.theme = next;
    document.querySelector("[data-do=theme]")?.setAttribute("aria-pressed", String(next === "dark"));
  };
  applyTheme();
  system.addEventListener("change", applyTheme);
  addEventListener("storage", event => event.key === KEY && applyTheme());

  // --- Search: its scripts and the index are fetched when it is first opened.
  const here = document.currentScript.src;
  const load = src => new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, {src, onload: done, onerror: failed});
    document.head.append(script);
  });
  let searching = null;
  const searchReady = () => searching ??= load(new URL("search.js" + new URL(here).search, here).href);

  const openSearch = () => {
    const box = document.getElementById("search-box");
    if (box.open) return;
    box.showModal();
    box.querySelector("input").select();
    searchReady();
  };

  /** Whether a click on a dialog fell on what lies behind it, not on its padding. */
  const outside = ({target, clientX, clientY}) => {
    const {left, right, top, bottom} = target.getBoundingClientRect();
    return clientX < left || clientX > right || clientY < top || clientY > bottom;
  };

  const actions = {
    theme: switchTheme,
    search: openSearch,
    "close-search": () => document.getElementById("search-box").close(),
    fullscreen: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()).catch(() => {}),
  };

  // --- Copy buttons on code
  const copy = async (button, block) => {
    const text = block.querySelector("pre").innerText.replace(/\n+$/, "\n");
    let copied = true;
    try { await navigator.clipboard.writeText(text); } catch { copied = false; }
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    if (!copied) getSelection().selectAllChildren(block.querySelector("pre"));
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  };
  const addCopyButtons = () => {
    for (const block of document.querySelectorAll(".cell_input div.highlight, .text > section div[class*=highlight-]:not(.output) > div.highlight")) {
      if (block.querySelector(".copy")) continue;
      const button = document.createElement("button");
      Object.assign(button, {type: "button", className: "copy", textContent: "Copy"});
      button.addEventListener("click", () => copy(button, block));
      block.parentElement.append(button);
    }
  };

  // --- What is wider than the page scrolls, and a keyboard must be able to reach it.
  const WIDE = "pre, .formula, .pst-scrollable-table-container";
  const reachable = () => {
    for (const element of document.querySelectorAll(WIDE)) {
      if (element.scrollWidth > element.clientWidth + 1) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
    }
  };

  // --- The contents follow the reader.
  const followSections = () => {
    const links = new Map();
    for (const link of document.querySelectorAll(".contents-sections a")) {
      const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      if (section) links.set(section, link);
    }
    if (!links.size) return;
    const update = () => {
      let current = null;
      for (const section of links.keys()) {
        if (section.getBoundingClientRect().top < innerHeight * 0.3) current = section;
      }
      for (const [section, link] of links) {
        if (section === current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
        link.parentElement.classList.toggle("is-here", section === current || section.contains(current));
      }
    };
    let waiting = false;
    addEventListener("scroll", () => {
      root.classList.toggle("is-scrolled", scrollY > 8);
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; update(); });
    }, {passive: true});
    update();
  };

  addEventListener("click", event => {
    const button = event.target.closest?.("[data-do]");
    if (button) actions[button.dataset.do]?.();
    else if (event.target === document.getElementById("search-box") && outside(event)) event.target.close();
    // A link in the contents closes them where they lie over the page.
    if (event.target.closest?.(".contents a")) document.querySelector(".contents:popover-open")?.hidePopover();
  });
  addEventListener("keydown", event => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if ((event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) || (event.key === "k" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      openSearch();
    }
  });

  // A link into folded matter opens it; paper shows all of it.
  const unfold = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
    if (target?.closest("details")) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open])")) {
      fold.open = true;
      addEventListener("afterprint", () => { fold.open = false; }, {once: true});
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    applyTheme();
    if (!document.fullscreenEnabled) document.querySelector("[data-do=fullscreen]")?.remove();  // iPhone
    addCopyButtons();
    reachable();
    followSections();
    unfold();
    addEventListener("resize", reachable);
    addEventListener("toggle", reachable, true);
    addEventListener("load", reachable);
    document.fonts?.addEventListener("loadingdone", reachable);  // letters of another width
    if (document.getElementById("search-results")) searchReady();
  });
})();
