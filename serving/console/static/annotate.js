// 标注: draws one document with its spans and lets a person change them; what is entered stays in this tab until the store has it.
// Everything from a document is set as text, never as markup. Offsets are characters (code points) of the text as stored, as in Python.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const el = (name, attributes = {}, ...inside) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === false || value === null || value === undefined) continue;
      if (key === "on") made.addEventListener("click", value); else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...inside.filter((piece) => piece !== null && piece !== ""));
    return made;
  };
  const send = (what, more = {}) => window.emitEvent && window.emitEvent("annotate", { what, document_id: sheet?.document_id || "", ...more });
  const key = (span) => `${span.start}:${span.end}:${span.type}`;
  const same = (first, second) => JSON.stringify(first) === JSON.stringify(second);
  const copy = (value) => JSON.parse(JSON.stringify(value));

  let words = null, sheet = null, points = [], said = null, undo = [];
  let chosen = null;   // key of the span that is selected
  let pending = null;  // [start, end] that is selected and not yet a span
  let caret = null;    // where the keyboard marks: {anchor, at}
  let retype = false;  // digits choose another type for the selected span
  let tricks = null;   // digits add and take away tactics: {from, order}, nine at a time in the order that stood there

  // Drafts: of this tab only, without a letter of the text.
  const settling = location.pathname.includes("/dispute/");
  const DRAFT = settling ? "fanzha_settlement:" : "fanzha_annotation:";
  const draftKey = (id) => DRAFT + id;
  const readDraft = (id) => { try { return JSON.parse(sessionStorage.getItem(draftKey(id))); } catch { return null; } };
  const keep = () => { try { sessionStorage.setItem(draftKey(sheet.document_id), JSON.stringify({ seen: sheet.seen, said })); } catch { /* full */ } };
  const drafts = () => Object.keys(sessionStorage).filter((name) => name.startsWith(DRAFT)).map((name) => name.slice(DRAFT.length));
  window.annotate_saved = (id) => { sessionStorage.removeItem(draftKey(id)); drawDrafts(); };

  const show = (given) => {
    sheet = given;
    points = Array.from(sheet.text);
    said = copy(sheet.start);
    undo = []; chosen = pending = caret = tricks = null; retype = false;
    let note = sheet.note;
    const draft = readDraft(sheet.document_id);
    if (sheet.mine) { said = copy(sheet.mine); keep(); }
    else if (draft && draft.seen === sheet.seen && !same(draft.said, sheet.start)) { said = draft.said; note = "已恢复您未保存的修改。"; }
    else if (draft && draft.seen !== sheet.seen) { sheet.mine = draft.said; said = copy(draft.said); note = "您有未保存的修改，而这一件后来又保存过。"; }
    const box = at("an-note");
    box.hidden = !note;
    box.className = note ? "problem" : "an-sides";
    box.replaceChildren(note);
    if (note && sheet.mine && !same(sheet.mine, sheet.start)) {
      const look = (which, name) => el("button", { type: "button", class: "button", on: () => { said = copy(which); chosen = pending = null; draw(); } }, name);
      box.append(" ", look(sheet.mine, "看我这份"), " ", look(sheet.start, "看已存的那份"), "　按 a 保存眼前这一份。");
    }
    // Settling: what each person said, to look at and to take over; taking over is an edit, so u brings back what stood there.
    if (sheet.sides.length) {
      box.hidden = false;
      const over = (name, judgment) => el("button", { type: "button", class: "button", "data-side-of": name, on: () => change(() => { said = copy(judgment); chosen = pending = null; }) }, `用 ${name} 的`);
      box.append(note ? "　" : "", "两人不同。", ...sheet.sides.flatMap(([name, judgment]) => [over(name, judgment), " "]), differences());
    }
    at("an-text").scrollTop = 0;
    at("annotate").hidden = false;
    draw();
  };
  // In words: kind, label and spans that not all sides share.
  const differences = () => {
    const told = [];
    const values = (of) => new Set(sheet.sides.map(([, judgment]) => of(judgment)));
    if (values((judgment) => judgment.kind).size > 1) told.push("种类：" + sheet.sides.map(([name, judgment]) => `${name} ${words.kinds.find((kind) => kind.id === judgment.kind)?.name || judgment.kind}`).join("，"));
    if (values((judgment) => judgment.label).size > 1) told.push("类型：" + sheet.sides.map(([name, judgment]) => `${name} ${words.labels[judgment.label]?.name || judgment.label}`).join("，"));
    const count = new Map();
    for (const [, judgment] of sheet.sides) for (const span of judgment.spans) count.set(`${key(span)}:${span.role}`, (count.get(`${key(span)}:${span.role}`) || 0) + 1);
    const odd = [...count.values()].filter((number) => number < sheet.sides.length).length;
    if (odd) told.push(`标注有 ${odd} 处不同`);
    return told.join("；");
  };
  const hide = () => { sheet = null; at("annotate").hidden = true; };

  const change = (edit) => {
    const before = JSON.stringify(said);
    edit();
    said.spans.sort((a, b) => a.start - b.start || a.end - b.end || (a.type < b.type ? -1 : 1));
    if (JSON.stringify(said) === before) return;
    undo.push(before);
    keep();
    draw();
  };

  // Drawing

  const draw = () => { drawAbout(); drawText(); drawPalette(); drawLabels(); drawGuide(); drawTactics(); drawSpans(); drawDrafts(); };
  const drawAbout = () => at("an-about").replaceChildren(
    el("b", {}, sheet.name), ...sheet.about.map((told) => el("span", {}, told)), ...sheet.reasons.map((told) => el("span", { class: "reason" }, told)));
  const typeOf = (id) => words.types.find((type) => type.id === id);
  const tagOf = (span) => { const type = typeOf(span.type); return type.roles.find(([role]) => role === span.role)?.[1] || type.name; };

  // Outer before inner; a span that crosses another is drawn in two pieces.
  const nested = () => {
    const waiting = said.spans.map((span) => ({ span, start: span.start, end: span.end, last: true }));
    if (pending) waiting.push({ span: null, start: pending[0], end: pending[1], last: true });
    const order = (a, b) => a.start - b.start || b.end - a.end;
    waiting.sort(order);
    const found = [], ends = [];
    while (waiting.length) {
      const piece = waiting.shift();
      while (ends.length && ends[ends.length - 1] <= piece.start) ends.pop();
      const border = ends[ends.length - 1];
      if (border !== undefined && border < piece.end) {
        waiting.push({ ...piece, start: border });
        waiting.sort(order);
        piece.end = border; piece.last = false;
      }
      found.push(piece);
      ends.push(piece.end);
    }
    return found;
  };
  const drawText = () => {
    const box = document.createDocumentFragment(), stack = [{ node: box, end: Infinity }];
    let here = 0;
    const until = (place) => {
      if (place <= here) return;
      const text = document.createTextNode(points.slice(here, place).join(""));
      text.at = here;
      stack[stack.length - 1].node.append(text);
      here = place;
    };
    for (const piece of nested()) {
      while (stack[stack.length - 1].end <= piece.start) { until(stack[stack.length - 1].end); stack.pop(); }
      until(piece.start);
      const span = piece.span;
      const mark = span
        ? el("mark", { class: `k-${span.type}${key(span) === chosen ? " here" : ""}`, "data-key": key(span), "data-tag": piece.last ? tagOf(span) : null, title: typeOf(span.type).name })
        : el("mark", { class: "pending" });
      stack[stack.length - 1].node.append(mark);
      stack.push({ node: mark, end: piece.end });
    }
    while (stack.length > 1) { until(stack[stack.length - 1].end); stack.pop(); }
    until(points.length);
    const pane = at("an-text"), scroll = pane.scrollTop;
    pane.replaceChildren(box);
    if (caret) drawCaret(pane);
    pane.scrollTop = scroll;
    pane.querySelector("mark.here, mark.pending, .caret")?.scrollIntoView({ block: "nearest" });
  };
  const drawCaret = (pane) => {
    const walk = document.createTreeWalker(pane, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const inside = Array.from(node.data);
      if (node.at === undefined || caret.at < node.at || caret.at > node.at + inside.length) continue;
      const tail = node.splitText(inside.slice(0, caret.at - node.at).join("").length);
      tail.at = caret.at;
      tail.before(el("i", { class: "caret" }));
      return;
    }
  };
  const button = (pressed, digit, name, act, more = {}) => el("button", { type: "button", "aria-pressed": String(pressed), on: act, ...more }, digit === "" ? "" : el("kbd", {}, String(digit)), name);
  const selected = () => said.spans.find((span) => key(span) === chosen);
  // What digits do now: types for a new or retyped span, roles for one that has them, else labels.
  const choices = () => {
    const span = selected();
    if (pending || (span && (retype || !typeOf(span.type).roles.length))) return words.types.map((type) => [type.name, () => setType(type.id), span?.type === type.id && !pending]);
    if (span) return typeOf(span.type).roles.map(([role, name]) => [name, () => change(() => { selected().role = role; }), span.role === role]);
    return null;
  };
  const drawPalette = () => {
    const span = selected(), offered = choices(), box = at("an-palette");
    if (!offered) { box.replaceChildren(el("span", { class: "soft" }, said.spans.length ? "在原文里拖选文字，或点一处标注；m 用键盘标" : "没有标注。在原文里拖选文字；m 用键盘标")); return; }
    box.replaceChildren(
      el("span", { class: "soft" }, pending ? "标为" : retype || !typeOf(span.type).roles.length ? "类别" : `${typeOf(span.type).name}的作用`),
      ...offered.map(([name, act, on], number) => button(on, number < 10 ? (number + 1) % 10 : "", name, act, { class: "button small" })),
      span && !pending && typeOf(span.type).roles.length ? button(false, "r", retype ? "改作用" : "改类别", () => { retype = !retype; drawPalette(); }, { class: "button small" }) : "",
      span && !pending ? button(false, "d", "删去", drop, { class: "button small danger" }) : "");
  };
  const order = () => sheet.offered.map(([label]) => label);
  const drawLabels = () => {
    const share = Object.fromEntries(sheet.offered);
    const kinds = words.kinds.map((kind, number) => button(said.kind === kind.id, "qwe"[number], kind.name, () => setKind(kind.id), { class: "button small", title: kind.meaning }));
    const off = said.kind === words.unrelated;
    const rows = order().map((label, number) => el("div", { class: `an-label${said.label === label ? " on" : ""}` },
      button(said.label === label, number < words.digits ? number + 1 : "", el("span", {}, words.labels[label].name), () => setLabel(label), { class: "choice", "data-label": label, disabled: off, title: words.labels[label].meaning }),
      el("small", {}, `${Math.round(100 * share[label])}%`),
      el("button", { type: "button", class: "button small", "aria-pressed": String(said.also.includes(label)), disabled: off || said.label === label, title: "也可算这一类（第二类型）", on: () => setAlso(label) }, "也算")));
    at("an-labels").replaceChildren(el("div", { class: "tools an-kinds", role: "group", "aria-label": "种类" }, ...kinds), el("div", { class: "an-list" }, ...rows));
    at("an-labels-note").textContent = off ? "无关，不分类型" : words.labels[said.label]?.name || "";
  };
  const drawGuide = () => {
    const label = words.labels[said.label] || words.labels[words.empty];
    const kind = words.kinds.find((known) => known.id === said.kind);
    at("an-guide-note").textContent = label.name;
    at("an-guide").replaceChildren(
      el("p", {}, el("b", {}, `${kind?.name || ""}：`), kind?.meaning || ""), el("p", {}, el("b", {}, `${label.name}：`), label.meaning),
      el("p", {}, el("b", {}, "分界："), label.border), ...label.examples.map((example) => el("p", { class: "example" }, example)),
      label.cues.length ? el("p", { class: "soft" }, `常见词：${label.cues.slice(0, 10).join("、")}`) : "");
  };
  const drawTactics = () => {
    const all = tricks?.order || allTactics();
    const digit = (place) => tricks && place >= tricks.from && place < tricks.from + 9 ? place - tricks.from + 1 : "";
    at("an-tactics").replaceChildren(...all.map((name, place) => button(said.tactics.includes(name), digit(place), name, () => setTactic(name), { class: "button small", "data-tactic": name })));
    at("an-tactics-note").textContent = tricks ? "数字加减，t 换下九个，Esc 结束" : said.tactics.length ? `${said.tactics.length} 个　t 用键盘选` : "t 用键盘选";
  };
  const allTactics = () => [...said.tactics, ...words.tactics.filter((name) => !said.tactics.includes(name))];
  const drawSpans = () => {
    at("an-spans-note").textContent = said.spans.length ? `${said.spans.length} 处` : "";
    at("an-spans").replaceChildren(...(said.spans.length ? said.spans.map((span) => el("button", { type: "button", class: "fact", "aria-pressed": String(key(span) === chosen), "data-span": key(span), on: () => pick(key(span)) },
      el("span", { class: "role" }, tagOf(span)), el("span", { class: "value" }, points.slice(span.start, span.end).join("")), el("span", { class: "told" }, `${span.start}–${span.end}`))) : [el("p", { class: "soft" }, "还没有标出任何一处。")]));
  };
  const drawDrafts = () => {
    const others = settling ? [] : drafts().filter((id) => id !== sheet?.document_id);
    at("an-draft")?.replaceChildren(others.length ? el("button", { type: "button", class: "button", on: () => send("open", { document_id: others[0] }) }, `另有 ${others.length} 件未保存的草稿`) : "");
  };

  // Edits

  const setKind = (kind) => change(() => {
    said.kind = kind;
    if (kind === words.unrelated) { said.label = words.empty; said.also = []; }
    else if (said.label === words.empty) said.label = order()[0];
  });
  const setLabel = (label) => { if (said.kind !== words.unrelated) change(() => { said.label = label; said.also = said.also.filter((other) => other !== label); }); };
  const setAlso = (label) => {
    if (said.kind === words.unrelated || label === said.label) return;
    change(() => { said.also = said.also.includes(label) ? said.also.filter((other) => other !== label) : [...said.also, label]; });
  };
  const setTactic = (name) => change(() => {
    said.tactics = said.tactics.includes(name) ? said.tactics.filter((word) => word !== name) : [...said.tactics, name];
  });
  const nextTactics = () => {
    if (!tricks) tricks = { from: 0, order: allTactics() };
    else if ((tricks.from += 9) >= tricks.order.length) tricks = null;
    drawTactics();
    at("an-tactics").querySelector("kbd")?.scrollIntoView({ block: "nearest" });
  };
  const setType = (type) => {
    const span = pending ? null : selected(), [start, end] = pending || [span.start, span.end], made = { start, end, type, role: "" };
    retype = false;
    const known = said.spans.some((other) => key(other) === key(made));
    pending = null; caret = null; chosen = key(made);
    if (known) { draw(); return; }
    change(() => { if (span) said.spans = said.spans.filter((other) => key(other) !== key(span)); said.spans.push(made); });
  };
  const drop = () => {
    if (!selected()) return;
    const gone = chosen;
    chosen = null;
    change(() => { said.spans = said.spans.filter((span) => key(span) !== gone); });
  };
  const pick = (name) => { chosen = name; pending = caret = tricks = null; retype = false; drawText(); drawPalette(); drawSpans(); drawTactics(); };
  const step = (by) => {
    if (!said.spans.length) return;
    const here = said.spans.findIndex((span) => key(span) === chosen);
    pick(key(said.spans[(here + (here < 0 && by < 0 ? 0 : by) + said.spans.length) % said.spans.length]));
  };
  const stretch = (side, by) => {
    const span = selected();
    const start = span.start + (side === "start" ? by : 0), end = span.end + (side === "end" ? by : 0);
    if (start < 0 || end > points.length || start >= end || said.spans.some((other) => key(other) === `${start}:${end}:${span.type}`)) return;
    chosen = `${start}:${end}:${span.type}`;
    change(() => { const mine = said.spans.find((other) => key(other) === key(span)); mine.start = start; mine.end = end; });
  };
  const takeBack = () => {
    if (!undo.length) { send("undo"); return; }
    said = JSON.parse(undo.pop());
    chosen = pending = tricks = null;
    if (undo.length || sheet.mine) keep(); else sessionStorage.removeItem(draftKey(sheet.document_id));
    draw();
  };
  const save = () => send("save", { seen: sheet.seen, judgment: said });

  // Marking with the mouse: the selection's ends as offsets, blanks at either end left out.
  const offsetOf = (node, place) => {
    if (node.nodeType === Node.TEXT_NODE && node.at !== undefined) return node.at + Array.from(node.data.slice(0, place)).length;
    const range = document.createRange();
    range.setStart(at("an-text"), 0);
    range.setEnd(node, place);
    return Array.from(range.toString()).length;
  };
  const take = (start, end) => {
    while (start < end && /\s/u.test(points[start])) start += 1;
    while (end > start && /\s/u.test(points[end - 1])) end -= 1;
    if (start >= end) return;
    pending = [start, end]; chosen = tricks = null;
    drawText(); drawPalette(); drawSpans(); drawTactics();
  };
  document.addEventListener("mouseup", () => {
    const pane = at("an-text"), found = getSelection();
    if (!sheet || !found || found.isCollapsed || !found.rangeCount) return;
    const range = found.getRangeAt(0);
    if (!pane.contains(range.startContainer) || !pane.contains(range.endContainer)) return;
    const ends = [offsetOf(range.startContainer, range.startOffset), offsetOf(range.endContainer, range.endOffset)];
    found.removeAllRanges();
    caret = null;
    take(...ends);
  });
  document.addEventListener("click", (event) => {
    const mark = event.target.closest?.("#an-text mark[data-key]");
    if (mark && !pending) pick(mark.dataset.key);
    else if (mark && pending && getSelection().isCollapsed && !mark.querySelector("mark.pending") && !mark.closest("mark.pending")) pick(mark.dataset.key);
    const act = event.target.closest?.("[data-annotate]")?.dataset.annotate;
    if (act && sheet) ({ save, skip: () => send("skip"), back: () => send("back"), undo: takeBack })[act]();
    else if (act === "back" || act === "undo") send(act);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-mode]")) location.search = `?mode=${encodeURIComponent(event.target.value)}`;
  });

  // Marking with keys: a caret that arrows move and Shift draws out.
  const moveCaret = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -30, ArrowDown: 30 }[event.key];
    if (!by) return false;
    caret.at = Math.max(0, Math.min(points.length, caret.at + by));
    if (!event.shiftKey) caret.anchor = caret.at;
    pending = caret.anchor === caret.at ? null : [Math.min(caret.anchor, caret.at), Math.max(caret.anchor, caret.at)];
    drawText(); drawPalette();
    return true;
  };
  const digitOf = (event) => { const found = /^(?:Digit|Numpad)([0-9])$/.exec(event.code || ""); return found ? Number(found[1]) : /^[0-9]$/.test(event.key) ? Number(event.key) : null; };
  document.addEventListener("keydown", (event) => {
    if (!(event.target instanceof Element) || event.target.closest("input,textarea,select") || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey) return;
    const name = event.key.toLowerCase();
    if (!sheet) { if (name === "k") send("back"); else if (name === "u") send("undo"); return; }
    const digit = digitOf(event), offered = choices();
    let done = true;
    if (caret && !event.altKey && moveCaret(event)) { /* moved */ }
    else if (selected() && event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) stretch(event.altKey ? "start" : "end", event.key === "ArrowLeft" ? -1 : 1);
    else if (event.altKey) done = false;
    else if (digit && tricks && !event.shiftKey) { const name = tricks.order[tricks.from + digit - 1]; if (name) setTactic(name); }
    else if (digit !== null && offered && !event.shiftKey) offered[(digit + 9) % 10]?.[1]();
    else if (digit && event.shiftKey && digit <= words.digits) setAlso(order()[digit - 1]);
    else if (digit && digit <= words.digits) setLabel(order()[digit - 1]);
    else if (event.key === "Escape") { chosen = pending = caret = tricks = null; retype = false; draw(); }
    else if (event.repeat && !["n", "b"].includes(name)) done = false;
    else if (name === "a") save();
    else if (name === "s" || name === "j") send("skip");
    else if (name === "k") send("back");
    else if (name === "u") takeBack();
    else if (name === "d" || event.key === "Delete") drop();
    else if (["q", "w", "e"].includes(name)) setKind(words.kinds["qwe".indexOf(name)].id);
    else if (name === "t") nextTactics();
    else if (name === "n") step(1);
    else if (name === "b") step(-1);
    else if (name === "r" && selected()) { retype = !retype; drawPalette(); }
    else if (name === "m") { const start = selected()?.end || 0; caret = { anchor: start, at: start }; chosen = pending = tricks = null; at("an-text").focus(); draw(); }
    else done = false;
    if (done) event.preventDefault();
  });
  addEventListener("beforeunload", () => { if (sheet && undo.length) keep(); });

  // The server puts a new sheet into the page; an empty state has none.
  let drawn = null;
  const look = () => {
    const place = at("annotate");
    if (!place) return;
    words ||= JSON.parse(place.dataset.words);
    const given = document.querySelector("[data-sheet]");
    const now = given ? given.dataset.sheet : document.querySelector(".empty, .problem:not(#an-note)") ? "" : drawn;
    if (now === drawn) return;
    drawn = now;
    if (now) show(JSON.parse(now)); else hide();
    drawDrafts();
  };
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  look();
})();
