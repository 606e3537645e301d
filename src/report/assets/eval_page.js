'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const element = (id) => document.getElementById(id);
  const make = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const kPage = 50;  // items made at a time
  const [TASK, ID, QUESTION, GOLD, REPLIES, BY_MODEL] = [0, 1, 2, 3, 4, 5];
  const [GRADED, RIGHT, RESPONSE, QWEN] = [0, 1, 2, 3];
  const chosen = data.models.map(() => true);
  let found = [];
  let made = 0;

  // ---- What an item's models said, of those that are looked at
  const replyOf = (item, model) => item[REPLIES][item[BY_MODEL][model]];
  const replies = (item) => {
    const out = [];
    for (let model = 0; model < chosen.length; ++model) {
      const reply = chosen[model] ? replyOf(item, model) : undefined;
      if (reply) out.push(reply);
    }
    return out;
  };
  const rules = {
    all: () => true,
    verdicts: (all) => all.some((r) => r[RIGHT]) && all.some((r) => !r[RIGHT]),
    answers: (all) => all.some((r) => r[GRADED] !== all[0][GRADED]),
    none: (all) => all.length > 0 && all.every((r) => !r[RIGHT]),
    every: (all) => all.length > 0 && all.every((r) => r[RIGHT]),
  };

  function filter() {
    const task = element('task').value;
    const rule = rules[element('show').value];
    const right = element('right').value;
    const wrong = element('wrong').value;
    const words = element('search').value.toLowerCase();
    const has = (item) => item[QUESTION].toLowerCase().includes(words) ||
      item[ID].toLowerCase().includes(words) || item[GOLD].toLowerCase().includes(words) ||
      item[REPLIES].some((reply) => reply[RESPONSE].toLowerCase().includes(words));
    found = data.items.filter((item) => (task === '' || item[TASK] === Number(task)) &&
      rule(replies(item)) &&
      (right === '' || replyOf(item, Number(right))?.[RIGHT] === 1) &&
      (wrong === '' || replyOf(item, Number(wrong))?.[RIGHT] === 0) &&
      (words === '' || has(item)));
    element('count').textContent = `${found.length} of ${data.items.length} items`;
    made = 0;
    element('list').replaceChildren();
    more();
  }

  // ---- The list: a line an item, its replies when it is opened
  function more() {
    const list = document.createDocumentFragment();
    for (const item of found.slice(made, made + kPage)) list.append(line(item));
    made = Math.min(found.length, made + kPage);
    element('list').append(list);
    element('more').hidden = made === found.length;
  }

  function line(item) {
    const box = make('details', 'item');
    const summary = make('summary');
    summary.append(make('span', 'where', `${data.tasks[item[TASK]]} · ${item[ID]}`),
                   make('span', 'ask', item[QUESTION].slice(0, 300)));
    const marks = make('span', 'marks');
    let right = 0;
    for (let model = 0; model < chosen.length; ++model) {
      const reply = chosen[model] ? replyOf(item, model) : undefined;
      if (!reply) continue;
      right += reply[RIGHT];
      const mark = make('span', reply[RIGHT] ? 'yes' : 'no', reply[RIGHT] ? '✓' : '✗');
      mark.title = data.models[model][0];
      marks.append(mark);
    }
    marks.setAttribute('role', 'img');
    marks.setAttribute('aria-label', `${right} of ${marks.childElementCount} right`);
    summary.append(marks);
    box.append(summary);
    box.addEventListener('toggle', () => {
      if (box.open && box.childElementCount === 1) box.append(...answers(item));
    });
    return box;
  }

  function answers(item) {
    const groups = new Map();  // reply -> models
    for (let model = 0; model < chosen.length; ++model) {
      const reply = chosen[model] ? replyOf(item, model) : undefined;
      if (!reply) continue;
      if (!groups.has(reply)) groups.set(reply, []);
      groups.get(reply).push(data.models[model][0]);
    }
    const out = [make('div', 'full', item[QUESTION]), make('p', '', 'right answer: ')];
    out[1].append(make('code', '', item[GOLD]));
    const order = [...groups].sort((a, b) => b[0][RIGHT] - a[0][RIGHT] || b[1].length - a[1].length);
    for (const [reply, models] of order) {
      const box = make('div', 'reply');
      const title = make('h4');
      title.append(make('b', reply[RIGHT] ? 'yes' : 'no', reply[RIGHT] ? '✓ ' : '✗ '),
                   models.join(', '), make('span', '', ' · graded: '));
      title.append(reply[GRADED] === null ? make('span', 'no', 'no answer found')
                                          : make('code', '', reply[GRADED]));
      if (reply[QWEN] !== null && reply[QWEN] !== reply[RIGHT]) {
        title.append(make('span', '', reply[QWEN] ? ' · right for qwen' : ' · wrong for qwen'));
      }
      box.append(title);
      if (reply[RESPONSE]) box.append(make('pre', '', reply[RESPONSE]));
      out.push(box);
    }
    return out;
  }

  // ---- Controls
  data.tasks.forEach((task, i) => element('task').append(new Option(task, i)));
  data.models.forEach(([name], i) => {
    element('right').append(new Option(name, i));
    element('wrong').append(new Option(name, i));
    const label = make('label');
    const box = make('input');
    box.type = 'checkbox';
    box.checked = true;
    box.addEventListener('change', () => { chosen[i] = box.checked; filter(); });
    label.append(box, name);
    element('models').append(label);
  });
  for (const id of ['task', 'show', 'right', 'wrong']) {
    element(id).addEventListener('change', filter);
  }
  let waiting = 0;
  element('search').addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 150);
  });
  element('filter').addEventListener('submit', (event) => event.preventDefault());
  element('more').addEventListener('click', more);
  new IntersectionObserver((seen) => {
    if (seen.some((entry) => entry.isIntersecting) && made < found.length) more();
  }, { rootMargin: '400px' }).observe(element('more'));
  if (data.models.length < 2) element('show').value = 'all';
  element('filter').hidden = false;
  filter();
})();
