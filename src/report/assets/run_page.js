'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const answer = document.getElementById('answer');
  const panel = document.getElementById('panel');
  const spans = [...answer.children];
  const plots = [...document.querySelectorAll('[data-plot]')];
  if (!spans.length) return;

  // ---- Small makers of elements; all text goes through textContent.
  const make = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const hue = (expert) => 'e' + expert % 8;
  const percent = (share) => {
    if (share === null || share === undefined) return '–';
    const value = 100 * share;
    if (value >= 99.95 || value === 0) return value.toFixed(0) + ' %';
    if (value >= 10) return value.toFixed(1) + ' %';
    if (value >= 0.01) return value.toFixed(2) + ' %';
    return value.toExponential(0) + ' %';
  };
  const probability = (logprob) =>
    logprob === null || logprob === undefined ? null : Math.exp(logprob);

  function candidates(best, chosen) {
    const list = make('ol');
    for (const [text, id, logprob] of best) {
      const row = make('li', id === chosen ? 'chosen' : '');
      row.style.setProperty('--p', Math.min(1, probability(logprob) ?? 0));
      row.append(make('span', '', text), make('span', '', percent(probability(logprob))));
      list.append(row);
    }
    return list;
  }

  function expertBlock(token, index) {
    const expert = token.e[index];
    const block = make('div', hue(index));
    const title = make('h4');
    const name = make('span', 't ' + hue(index), data.experts[index]);
    name.style.setProperty('--s', .8);
    title.append(name, make('span', '', 'weight ' + percent(expert.w)));
    block.append(title);
    if (expert.b === undefined) {
      block.append(make('p', '', 'not evaluated for this token'));
      return block;
    }
    block.append(make('p', '', `responsibility ${percent(expert.r)} · rank ${expert.k} · ` +
                               percent(probability(expert.p))));
    const first = expert.b[0];
    if (first && first[1] !== token.id) {
      block.append(make('p', '', `alone it would have said “${first[0]}”`));
    }
    block.append(candidates(expert.b, token.id));
    return block;
  }

  function show(index) {
    const token = data.tokens[index];
    panel.replaceChildren();
    panel.classList.remove('empty');
    document.body.classList.add('open');
    const close = make('button', 'close', 'Close');
    close.addEventListener('click', letGo);
    panel.append(close, make('h3', '', token.t || '◌'));
    panel.append(make('p', '', `token ${index + 1} of ${data.tokens.length} · id ${token.id}`));
    if (token.d !== null) panel.append(make('p', '', `disagreement ${token.d.toFixed(3)} nats`));
    if (token.c) panel.append(make('p', '', 'the heaviest expert would have chosen otherwise'));
    const experts = make('div', 'experts');
    const mix = make('div');
    const title = make('h4');
    title.append(make('span', '', data.experts.length ? 'the mix' : 'the model'),
                 make('span', '', percent(probability(token.p))));
    mix.append(title, candidates(token.b, token.id));
    experts.append(mix);
    data.experts.forEach((_, expert) => experts.append(expertBlock(token, expert)));
    panel.append(experts);
    point(index);
  }

  // ---- The token that is looked at: the focused one holds, the pointer only looks.
  let held = -1;
  let near = -1;
  const cursors = plots.map((plot) => {
    const cursor = make('div', 'cursor');
    cursor.hidden = true;
    plot.append(cursor);
    return cursor;
  });

  function point(index) {
    if (near >= 0) spans[near].classList.remove('near');
    near = index;
    if (index >= 0) spans[index].classList.add('near');
    for (const cursor of cursors) {
      cursor.hidden = index < 0;
      cursor.style.left = 100 * index / spans.length + '%';
      cursor.style.width = 100 / spans.length + '%';
    }
  }

  function rest() {
    if (held >= 0) return show(held);
    point(-1);
    panel.classList.add('empty');
    document.body.classList.remove('open');
    panel.replaceChildren(make('p', '', 'Point at a token to see what each expert would have ' +
                                        'said there.'));
  }

  function hold(index) {
    spans[Math.max(held, 0)].tabIndex = -1;
    held = index;
    spans[index].tabIndex = 0;
    if (document.activeElement !== spans[index]) spans[index].focus();
    show(index);
    spans[index].scrollIntoView({ block: 'nearest' });
  }

  function letGo() {
    const was = Math.max(held, 0);
    held = -1;
    if (answer.contains(document.activeElement)) document.activeElement.blur();
    spans[was].tabIndex = 0;
    rest();
  }

  // ---- Keys
  function across(index, step) {  // the nearest token of the line above or below
    const here = spans[index].getBoundingClientRect();
    const middle = here.left + here.width / 2;
    let found = -1, line = null, distance = Infinity;
    for (let i = index + step; i >= 0 && i < spans.length; i += step) {
      const box = spans[i].getClientRects()[0];
      if (!box || Math.abs(box.top - here.top) < here.height / 2 && line === null) continue;
      if (line === null) line = box.top;
      if (Math.abs(box.top - line) > box.height / 2) break;
      const away = Math.abs(box.left + box.width / 2 - middle);
      if (away < distance) { distance = away; found = i; }
    }
    return found < 0 ? index : found;
  }
  function framed(index, step) {
    for (let i = index + step; i >= 0 && i < spans.length; i += step) {
      if (data.tokens[i].c) return i;
    }
    return index;
  }
  const last = spans.length - 1;
  const rightToLeft = getComputedStyle(answer).direction === 'rtl';
  const keys = {
    ArrowLeft: (i) => i + (rightToLeft ? 1 : -1), ArrowRight: (i) => i + (rightToLeft ? -1 : 1),
    ArrowUp: (i) => across(i, -1), ArrowDown: (i) => across(i, 1),
    Home: () => 0, End: () => last,
    n: (i) => framed(i, 1), p: (i) => framed(i, -1),
  };
  answer.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const index = spans.indexOf(document.activeElement);
    if (index < 0 || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    hold(Math.min(last, Math.max(0, keys[event.key](index))));
  });
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') letGo(); });

  // ---- Pointer
  const tokenAt = (target) => spans.indexOf(target.closest?.('#answer > .t'));
  answer.addEventListener('focusin', (event) => {
    const index = tokenAt(event.target);
    if (index >= 0 && index !== held) hold(index);
  });
  answer.addEventListener('pointerover', (event) => {
    const index = event.pointerType === 'mouse' ? tokenAt(event.target) : -1;
    if (index >= 0) show(index);
  });
  answer.addEventListener('pointerleave', (event) => {
    if (event.pointerType === 'mouse') rest();
  });
  for (const plot of plots) {
    const index = (event) => {
      const box = plot.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      return Math.min(last, Math.max(0, Math.floor(share * spans.length)));
    };
    plot.addEventListener('pointermove', (event) => show(index(event)));
    plot.addEventListener('pointerleave', rest);
    plot.addEventListener('click', (event) => hold(index(event)));
  }

  spans.forEach((span, index) => {
    span.removeAttribute('title');  // the panel says more
    span.tabIndex = index ? -1 : 0;
  });
  document.body.classList.add('js');
  for (const hint of document.querySelectorAll('.hint')) hint.hidden = false;
  panel.hidden = false;
  rest();
})();
