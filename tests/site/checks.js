// What the site tests ask a page; see checks.py. Evaluates to an object of functions.
(() => {
  const CONTROLS = "input, select, textarea, button, summary, [tabindex='0']";

  // For people who listen, and spoken at most once a second: late, and no part of what is seen.
  const UNSEEN = /<(title|desc)\b[^>]*>.*?<\/\1>/gs;

  const visible = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: false });

  // A region that is focusable only so that it can be scrolled by keys is no control.
  const onlyScrolls = (el) =>
    !el.matches("input, select, textarea, button, summary") &&
    !el.getAttribute("aria-roledescription") &&
    ["region", "group", null].includes(el.getAttribute("role")) &&
    (el.scrollWidth > el.clientWidth || el.scrollHeight > el.clientHeight || el.querySelector("table") !== null);

  const kind = (el) => {
    if (el.matches("input[type=range]")) return "range";
    if (el.matches("input[type=number]")) return "number";
    if (el.matches("input[type=radio]")) return "radio";
    if (el.matches("input[type=checkbox]")) return "checkbox";
    if (el.matches("select")) return "select";
    if (el.matches("button, summary, input[type=button], input[type=submit]")) return "button";
    if (el.matches("input, textarea")) return "text";
    return "area";
  };

  const name = (el) =>
    (el.getAttribute("aria-label") ?? el.labels?.[0]?.textContent ?? el.textContent ?? "").trim().slice(0, 40) ||
    el.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.textContent).join(" ") || "";

  const row = (el) => (kind(el) === "area" ? null : el.closest(".xp-field") ?? el.closest("label") ?? el);

  // Everything a reader sees of an explorable, apart from one control's own row: pictures and states as one hash,
  // texts one by one, and the control's value, so that an echo of it in a text can be told.
  const look = (box, own) => {
    const skip = own && row(own);
    const texts = [];
    const seen = [document.fullscreenElement?.className ?? ""];
    const walk = (node) => {
      if (node === skip) return;
      if (node.nodeType === Node.TEXT_NODE) {
        const text = node.textContent.trim();
        if (text) texts.push(text);
        return;
      }
      if (node.nodeType !== Node.ELEMENT_NODE || node.matches(".xp-hidden, script, style") || !visible(node)) return;
      if (node.matches("canvas")) return void seen.push(node.toDataURL());
      if (node.matches("svg")) return void seen.push(node.outerHTML.replace(UNSEEN, ""));
      if (node.matches("img")) return void seen.push(node.currentSrc);
      if (node.matches("input, select, textarea")) seen.push(`${node.value} ${node.checked} ${node.disabled}`);
      if (node.matches("button, details"))
        seen.push(`${node.disabled} ${node.open} ${node.getAttribute("aria-pressed")} ${node.getAttribute("aria-expanded")}`);
      node.childNodes.forEach(walk);
    };
    walk(box);
    const value = own && ["range", "number"].includes(kind(own)) && own.value !== "" ? Number(own.value) : null;
    return { picture: hash(seen.join("\n")), texts, value };
  };

  const hash = (text) => {
    let a = 0x811c9dc5, b = 0x1b873593; // two FNV-like sums: a comparison of looks need not carry megabytes
    for (let i = 0; i < text.length; i++) {
      a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
      b = Math.imul(b + text.charCodeAt(i), 0x85ebca6b) ^ (b >>> 13);
    }
    return `${(a >>> 0).toString(16)}-${(b >>> 0).toString(16)}-${text.length}`;
  };

  const frames = (n) => new Promise((done) => {
    const next = (k) => (k ? requestAnimationFrame(() => next(k - 1)) : done());
    next(n);
  });

  const fingerprint = async ({ box, own }) => {
    await frames(2);
    return look(box, own);
  };

  const all = (box) => [...box.querySelectorAll(CONTROLS)].filter((el) => !onlyScrolls(el));

  const ORDER = ["range", "number", "select", "radio", "checkbox", "text", "area", "button"];
  const enabled = (el) => !el.matches(":disabled") && el.getAttribute("aria-disabled") !== "true";

  // The next control that was not tried yet, or null; those of one radio group count as one.
  const next = (box) => {
    const open = all(box).filter((el) => !el.__tried && visible(el) && enabled(el));
    open.sort((a, b) => ORDER.indexOf(kind(a)) - ORDER.indexOf(kind(b)));
    const found = open[0] ?? null;
    if (found) {
      found.__tried = true;
      if (kind(found) === "radio") group(found).forEach((el) => (el.__tried = true));
    }
    return found;
  };

  const group = (el) => [...el.closest("[data-explorable], body").querySelectorAll(`input[type=radio][name="${el.name}"]`)];

  const untried = (box) => all(box).filter((el) => !el.__tried)
    .map((el) => `${name(el) || el.tagName}: ${visible(el) ? "disabled throughout" : "never shown"}`);

  const describe = (el) => ({
    kind: kind(el), name: name(el), min: el.min ?? "", max: el.max ?? "", value: el.value ?? "",
    options: kind(el) === "radio" ? group(el).length : el.options?.length ?? 0,
  });

  const event = ({ box, type, n }) => box.dispatchEvent(new CustomEvent(type, { detail: { n } }));

  return { fingerprint, next, untried, describe, event, group };
})()
