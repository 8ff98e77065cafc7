// What the console's pages do by themselves: hand typed and clicked things to the server, themes, keys, copying.
// Delegated on the document, because the server redraws parts of the page. Text typed into a form is never touched by a redraw.
"use strict";
(() => {
  const send = (name, value) => window.emitEvent && window.emitEvent(name, value);
  const cookie = (name, value) => {
    document.cookie = `${name}=${value}; path=/console; samesite=strict` + (value ? "; max-age=31536000" : "; max-age=0");
  };
  // Every act names the complaint that lies there, so that a key pressed twice never decides the next one unseen.
  const act = (name, value) => send("act", { act: name, value, report: document.querySelector("[data-report]")?.dataset.report || "" });
  const values = (form) => Object.fromEntries([...new FormData(form)].filter(([, value]) => String(value).trim()));
  // Every value of a name, for boxes that are ticked.
  const lists = (form) => [...new FormData(form)].reduce((all, [name, value]) => { (all[name] ||= []).push(String(value)); return all; }, {});
  let waiting = 0;
  const later = (act) => { clearTimeout(waiting); waiting = setTimeout(act, 250); };

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-filter]");
    if (form) later(() => send("filter", values(form)));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-filter]");
    if (form) { event.preventDefault(); clearTimeout(waiting); send("filter", values(form)); }
    const ruling = event.target.closest("form[data-ruling]");
    if (!ruling) return;
    event.preventDefault();
    const by = event.submitter;
    send("ruling", { act: by?.dataset.ruling || ruling.dataset.ruling, value: by?.value || "", fields: lists(ruling) });
  });
  document.addEventListener("reset", (event) => {
    const form = event.target.closest("form[data-filter]");
    if (!form) return;
    event.preventDefault();
    form.querySelectorAll("input,select").forEach((field) => { field.value = ""; });
    send("filter", {});
  });

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    let found;
    if ((found = at("[data-act]")) && !found.disabled) {
      if (found.dataset.act === "clear") document.querySelectorAll("form[data-filter] input,form[data-filter] select").forEach((f) => { f.value = ""; });
      act(found.dataset.act, found.dataset.value || "");
    } else if ((found = at("[data-rules]"))) {
      send("ruling", { act: found.dataset.rules, value: found.value, fields: {} });
    } else if (at("[data-theme-toggle]")) {
      theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark", true);
    } else if ((found = at("[data-viewer]"))) {
      cookie("fanzha_viewer", found.dataset.viewer);
      location.reload();
    } else if ((found = at("[data-more]"))) {
      const open = found.form.classList.toggle("more");
      found.textContent = open ? "收起条件" : "更多条件";
      found.setAttribute("aria-expanded", String(open));
    } else if (at("[data-help]")) {
      help();
    } else if ((found = at("[data-copy]"))) {
      copy(found.dataset.copy, found);
    } else if ((found = at("[data-refs]"))) {
      evidence(found);
    } else if ((found = at("mark[data-ref]"))) {
      const button = [...document.querySelectorAll("[data-refs]")].find((b) => b.dataset.refs.split(" ").includes(found.dataset.ref));
      if (button) { choose(button); light(button.dataset.refs.split(" ")); button.scrollIntoView({ block: "nearest" }); }
    } else if ((found = at("[data-export]"))) {
      act(found.dataset.export, document.getElementById("export-form").value);
    } else if (at("[data-paste]")) {
      act("paste", `${document.getElementById("paste-nature").value}|${document.getElementById("paste").value}`);
    } else if (at("[data-save-view]")) {
      saveView();
    } else if ((found = at("tr[data-href]")) && !at("a,button")) {
      location.href = found.dataset.href;
    }
  });

  // Evidence: a fact's button lights its places in the sources, each further press goes to the next one.
  const choose = (button) => {
    document.querySelectorAll("[data-refs][aria-pressed=true]").forEach((b) => b.setAttribute("aria-pressed", "false"));
    button.setAttribute("aria-pressed", "true");
  };
  const light = (refs) => {
    document.querySelectorAll("mark.lit").forEach((m) => m.classList.remove("lit", "here"));
    const lit = [...document.querySelectorAll("mark[data-ref]")].filter((m) => refs.includes(m.dataset.ref));
    lit.forEach((m) => m.classList.add("lit"));
    return lit;
  };
  const evidence = (button) => {
    const again = button.getAttribute("aria-pressed") === "true";
    choose(button);
    const lit = light(button.dataset.refs.split(" "));
    if (!lit.length) return;
    const place = again ? (Number(button.dataset.place || 0) + 1) % lit.length : 0;
    button.dataset.place = place;
    const mark = lit[place];
    mark.classList.add("here");
    show(mark.closest("[data-source]"));
    center(mark);
  };
  // Only the pane scrolls where it is a box of its own: the fact that was pressed stays where it is.
  const center = (mark) => {
    const side = mark.closest(".sources.side");
    const box = side ? mark.closest(".pane") : mark.closest(".panes");
    if (box && box.scrollHeight > box.clientHeight + 1) {
      box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
      if (innerWidth > 1000) return;
    }
    mark.scrollIntoView({ block: "center" });
  };
  const show = (source) => {
    const box = source && source.closest(".sources");
    if (!box || box.classList.contains("side")) return;
    box.querySelectorAll("[data-source]").forEach((s) => { s.hidden = s !== source; });
    box.querySelectorAll("[data-show]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.show === source.dataset.source)));
  };
  document.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-show]");
    if (tab) show(document.querySelector(`[data-source="${CSS.escape(tab.dataset.show)}"]`));
    const side = event.target.closest("[data-side]");
    if (side) {
      const box = side.closest(".sources");
      const on = box.classList.toggle("side");
      side.setAttribute("aria-pressed", String(on));
      if (on) box.querySelectorAll("[data-source]").forEach((s) => { s.hidden = false; });
      else show(box.querySelector("[data-source]"));
    }
  });

  // Logging in and out is the API's; a failure leaves what was typed.
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-login]");
    if (!form) return;
    event.preventDefault();
    const said = form.querySelector(".refusal");
    said.textContent = "";
    try {
      const answer = await fetch("/v1/session", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(Object.fromEntries(new FormData(form))),
      });
      if (answer.ok) location.href = "/console/";
      else said.textContent = (await answer.json()).detail || "没有登录";
    } catch { said.textContent = "连不上服务，请稍后再试"; }
  });
  document.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-logout]")) return;
    const me = await (await fetch("/v1/session")).json();
    await fetch("/v1/session", { method: "DELETE", headers: { "X-CSRF-Token": me.csrf || "" } });
    location.href = "/console/";
  });

  const copy = async (text, button) => {
    let done = false;
    try { await navigator.clipboard.writeText(text); done = true; } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area); area.select();
      try { done = document.execCommand("copy"); } finally { area.remove(); }
    }
    const before = button.textContent;
    button.textContent = done ? "已复制" : "未能复制";
    setTimeout(() => { button.textContent = before; }, 1500);
  };

  const theme = (name, keep) => {
    document.documentElement.dataset.theme = name;
    if (keep) cookie("fanzha_theme", name);
    if (window.Quasar) window.Quasar.Dark.set(name === "dark");
  };
  window.addEventListener("load", () => setTimeout(() => theme(document.documentElement.dataset.theme), 0));

  window.console_address = (query) => history.replaceState(null, "", location.pathname + query);

  // The staff's saved views are kept by the server; a reader's stay in this browser: name → what stands behind the question mark.
  const views = () => { try { return JSON.parse(localStorage.getItem("fanzha_views") || "{}"); } catch { return {}; } };
  const listViews = () => {
    const select = document.getElementById("saved");
    if (!select || select.dataset.filled || "kept" in select.dataset) return;
    select.dataset.filled = "1";
    select.length = 1;
    for (const name of Object.keys(views())) select.add(new Option(name, name));
    if (Object.keys(views()).length) select.add(new Option("删除视图…", "\u0000"));
  };
  const saveView = () => {
    const kept = "kept" in document.getElementById("saved").dataset;
    const name = prompt(kept ? "视图名称" : "视图名称（存在本机浏览器里）");
    if (!name || !name.trim()) return;
    if (kept) { send("view", { act: "save", name: name.trim() }); return; }
    localStorage.setItem("fanzha_views", JSON.stringify({ ...views(), [name.trim()]: location.search }));
    const select = document.getElementById("saved");
    delete select.dataset.filled;
    listViews();
    select.value = name.trim();
  };
  document.addEventListener("change", (event) => {
    if (event.target.id !== "saved" || !event.target.value) return;
    if ("kept" in event.target.dataset) {
      const forget = "forget" in event.target.selectedOptions[0].dataset;
      const name = forget ? prompt("要删除哪个视图？") : event.target.value;
      if (name) send("view", { act: forget ? "forget" : "open", name });
      event.target.value = "";
      return;
    }
    const all = views();
    if (event.target.value === "\u0000") {
      const name = prompt("要删除哪个视图？");
      if (name && name.trim() in all) { delete all[name.trim()]; localStorage.setItem("fanzha_views", JSON.stringify(all)); }
      delete event.target.dataset.filled;
      listViews();
    } else location.href = location.pathname + all[event.target.value];
  });
  new MutationObserver(listViews).observe(document.documentElement, { childList: true, subtree: true });

  const typing = (target) => target.closest("input,textarea,select,[contenteditable=true]");
  document.addEventListener("keydown", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) {
      if (event.key === "Escape" && typing(event.target)) event.target.blur();
      return;
    }
    const shape = event.target.closest("svg [role=button]");
    if (shape && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); act(shape.dataset.act, shape.dataset.value); }
    else if (event.key === "/") {
      const search = document.getElementById("search");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "?") help();
    else if (window.console_desk && !document.querySelector("dialog[open]")) desk(event);
  });

  // 导入: files go to NiceGUI's uploader, dropped or chosen; the mapping of columns is sent as a whole.
  const upload = (files) => {
    if (!files.length) return;
    const box = document.querySelector("[data-drop] b");
    if (box) box.textContent = `正在上传 ${files[0].name}……`;
    window.getElement(window.console_upload).$refs.qRef.addFiles([files[0]]);
    setTimeout(() => { if (box) box.textContent = "把文件拖到这里，或点此选择"; }, 3000);
  };
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, (event) => {
    const zone = document.querySelector("[data-drop]");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("over", name === "dragover");
    if (name === "drop") upload(event.dataTransfer.files);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "file") { upload(event.target.files); event.target.value = ""; }
    const form = event.target.closest("form[data-mapping]");
    if (form) send("mapping", Object.fromEntries(new FormData(form)));
    if (event.target.matches("[data-pick]") && event.target.value && !window.console_desk) act(event.target.dataset.pick, event.target.value);
  });

  // 研判台: decided by keys alone.
  let linking = false;
  const desk = (event) => {
    const on = event.target.closest("a,button,summary");
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    const text = document.getElementById("desk-text");
    if (event.key === "Enter" && !on && !event.repeat) act("accept", "");
    else if (digit && linking) document.querySelectorAll("[data-act=link]").forEach((b) => { if (b.querySelector("kbd").textContent.endsWith(String(digit))) b.click(); });
    else if (digit) document.querySelectorAll("[data-act=label]")[digit - 1]?.click();
    else if (event.key === "t") { event.preventDefault(); document.getElementById("desk-other")?.focus(); }
    else if (event.key === "x" && !event.repeat) act("reject", "");
    else if (event.key === "s" && !event.repeat) act("skip", "");
    else if (event.key === "u" && !event.repeat) act("undo", "");
    else if (event.key === "j" && text) text.scrollTop += 80;
    else if (event.key === "k" && text) text.scrollTop -= 80;
    linking = event.key === "l";
  };
  document.addEventListener("keydown", (event) => {
    if (!(event.target instanceof Element)) return;
    const pick = event.target.closest("[data-pick]");
    if (pick && event.key === "Enter" && pick.value) { event.preventDefault(); pick.blur(); act(pick.dataset.pick, pick.value); }
    else if (pick && event.key === "Escape") pick.blur();
  });
  const help = () => {
    let box = document.getElementById("help");
    if (!box) {
      box = document.createElement("dialog");
      box.id = "help";
      const rows = [["/", "到查找框"], ["Tab / Shift+Tab", "下一处 / 上一处"], ["Enter、空格", "打开；再按一次看下一处证据"], ["Esc", "离开输入框，关闭窗口"], ["?", "本帮助"], ...(window.console_keys || [])];
      box.innerHTML = "<h2>快捷键</h2><dl>" + rows.map(([key, told]) => `<div><dt><kbd>${key}</kbd></dt><dd>${told}</dd></div>`).join("") + '</dl><form method="dialog"><button class="button">关闭</button></form>';
      document.body.append(box);
    }
    box.showModal();
  };
})();
