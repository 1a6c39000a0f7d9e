/// What makes a page's pictures answer: zoom over time by pointer, touch and keyboard, and points that tell what they are.
///
/// Written for this page; it fetches nothing. Without it the page is whole, with still pictures.
package enum LiveScript {
    /// Of `source`, as a content security policy names it. A test holds the two together.
    package static let hash = "sha256-+TUpcpAtgJXf1RlbWQiIFIZjy82hpFEFHw4hH5budNU="

    static let style = """
        .scripted, .live .still { display: none; }
        .live .scripted { display: block; }
        .timeline .tools { display: flex; gap: .4rem; flex-wrap: wrap; align-items: center; margin: .5rem 0; }
        .timeline button { font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--line);
        border-radius: .3rem; min-width: 2.6rem; padding: .25rem .7rem; cursor: pointer; }
        .timeline button:hover { border-color: currentColor; }
        .legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: .4rem 0; font-size: .85rem; max-width: none; }
        .legend svg { display: inline-block; width: 1.2rem; height: .8rem; margin-right: .35rem; }
        .view { touch-action: pan-y; cursor: crosshair; user-select: none; -webkit-user-select: none; }
        .view:focus-visible { outline: 2px solid var(--chart-1); outline-offset: 2px; }
        .readout { min-height: 1.5em; margin: .2rem 0; font-size: .9rem; font-variant-numeric: tabular-nums;
        max-width: none; }
        .hint { margin: 0 0 .4rem; font-size: .85rem; opacity: .75; }
        .halo { paint-order: stroke; stroke: var(--page); stroke-width: 4px; }
        .hot path { stroke: currentColor; stroke-width: 2; }
        @media print { .timeline .tools, .readout, .hint, .scripted { display: none !important; } }
        """

    package static let source = #"""
        "use strict";
        (() => {
          const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
          const worth = new Map([...letters].map((letter, number) => [letter, number]));
          const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

          // Numbers of some letters each, times a unit; the highest code is none.
          const decoded = (text, unit, digits) => {
            const values = new Float64Array(text.length / digits);
            for (let row = 0; row < values.length; row++) {
              let code = 0;
              for (let k = 0; k < digits; k++) code = code * 64 + worth.get(text[row * digits + k]);
              values[row] = code === 64 ** digits - 1 ? NaN : code * unit;
            }
            return values;
          };

          const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
          const two = (number) => String(number).padStart(2, "0");
          const fixed = (value) => value.toFixed(1);

          const short = (value) => {
            const size = Math.abs(value);
            const [scale, letter] = size >= 999.5e6 ? [1e9, "G"] : size >= 999500 ? [1e6, "M"]
              : size >= 9999.5 ? [1e3, "k"] : [1, ""];
            const scaled = size / scale;
            if (Number.isInteger(value) && scale === 1) return String(value);
            const digits = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : scaled >= 0.1 ? 2 : 4;
            return (value / scale).toFixed(digits) + letter;
          };

          const date = (seconds) => {
            const time = new Date(seconds * 1000);
            return `${time.getUTCDate()} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
          };
          const clock = (seconds, isFine) => {
            const time = new Date(seconds * 1000);
            const minutes = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
            return isFine ? `${minutes}:${two(time.getUTCSeconds())}` : minutes;
          };

          const roundStep = (least) => {
            const power = 10 ** Math.floor(Math.log10(least));
            return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least * (1 - 1e-9));
          };

          const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
            172800, 604800, 1209600, 2419200, 7862400, 15724800, 31449600];

          class Timeline {
            constructor(figure) {
              this.figure = figure;
              const data = JSON.parse(figure.querySelector("script").textContent);
              this.start = data.start;
              this.length = data.length;
              this.unit = data.unit;
              this.each = data.each;
              this.lines = data.lines;
              this.spans = data.spans;
              this.steps = data.steps.map((step) => ({
                ...step, times: decoded(step.times, 1, 5), counts: decoded(step.counts, step.unit, 3),
                late: decoded(step.late, 1, 5)
              }));
              this.layers = data.layers.map((layer) => {
                const columns = layer.columns.map(([unit, low, above, high]) => {
                  const below = decoded(low, unit, 3);
                  return { low: below, high: high === undefined ? below : decoded(high, above, 3) };
                });
                return { at: layer.at, step: layer.step, rows: columns[0].low.length, columns };
              });
              this.view = [0, this.length];
              this.pointers = new Map();
              this.build();
              this.show(0, this.length);
            }

            build() {
              const make = (name, parent, attributes = {}) => {
                const element = document.createElement(name);
                for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
                parent.append(element);
                return element;
              };
              const holder = document.createElement("div");
              this.figure.prepend(holder);
              this.legend(make("p", holder, { class: "legend" }));
              const tools = make("div", holder, { class: "tools", role: "group", "aria-label": "Zoom" });
              const button = (text, label, act) => {
                const element = make("button", tools, { type: "button", "aria-label": label, title: label });
                element.textContent = text;
                element.addEventListener("click", act);
              };
              button("+", "Zoom in", () => this.zoom(0.5));
              button("\u2212", "Zoom out", () => this.zoom(2));
              button("\u2190", "Earlier", () => this.pan(-0.5));
              button("\u2192", "Later", () => this.pan(0.5));
              button("All", "Show all", () => this.show(0, this.length));
              this.span = make("span", tools, { role: "status" });
              this.picture = make("div", holder, {
                class: "view", tabindex: "0", role: "group",
                "aria-label": "Demand and capacity over time. Arrow keys move, plus and minus zoom, Home shows all."
              });
              this.readout = make("p", holder, { class: "readout", "aria-hidden": "true" });
              make("p", holder, { class: "hint" }).textContent = "Drag to choose a stretch, or pinch. Keys: arrows, +, \u2212, Home.";
              this.listen();
              // Drawing changes the height, which must not be seen within the same round.
              new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(this.picture);
            }

            legend(place) {
              const entry = (name, mark) => {
                const span = document.createElement("span");
                span.innerHTML = `<svg viewBox="0 0 20 12" aria-hidden="true">${mark}</svg>`;
                span.append(name);
                place.append(span);
              };
              for (const line of this.lines) {
                const colour = `var(--chart-${line.colour})`;
                entry(line.name, line.kind === "band"
                  ? `<rect y="1" width="20" height="10" fill="${colour}" fill-opacity=".22"/>`
                  : `<path d="M0 6h20" stroke="${colour}" stroke-width="2"/>`);
              }
              for (const step of this.steps) {
                entry(step.name, `<path d="M0 9h8v-6h12" fill="none" stroke="var(--chart-${step.colour})" stroke-width="2"/>`);
              }
            }

            // MARK: What is seen

            show(from, to) {
              const finest = this.layers[0].step;
              const size = clamp(to - from, Math.min(this.length, Math.max(4 * finest, 20)), this.length);
              const begin = clamp(from + (to - from - size) / 2, 0, this.length - size);
              this.view = [begin, begin + size];
              this.figure.dataset.view = this.view.map((second) => Math.round(second)).join(",");
              this.draw();
              this.tell();
            }

            zoom(factor, share = 0.5) {
              const [from, to] = this.view;
              const centre = from + share * (to - from), size = (to - from) * factor;
              this.show(centre - share * size, centre + (1 - share) * size);
            }

            pan(share) {
              const [from, to] = this.view, size = to - from;
              const begin = clamp(from + share * size, 0, this.length - size);
              this.show(begin, begin + size);
            }

            tell() {
              const [from, to] = this.view.map((second) => this.start + second);
              const isFine = to - from < 600;
              const last = date(from) === date(to) ? "" : ` ${date(to)}`;
              this.span.textContent = `${date(from)} ${clock(from, isFine)} to${last} ${clock(to, isFine)} UTC`;
            }

            // MARK: Drawing

            draw() {
              const width = Math.max(240, Math.floor(this.picture.clientWidth));
              const isNarrow = width < 600, [from, to] = this.view;
              const height = isNarrow ? 300 : 380;
              this.box = { left: 48, right: width - 10, top: 24, bottom: height - 40, width, height };
              const box = this.box, size = box.right - box.left;
              this.x = (second) => box.left + (second - from) / (to - from) * size;
              this.layer = this.layers.find((layer) => layer.at <= from && layer.at + layer.rows * layer.step >= to)
                ?? this.layers[this.layers.length - 1];
              const lines = this.layer.columns.map((column) => this.runs(column, size));
              const steps = this.steps.map((step) => this.stairs(step));
              let highest = 0;
              for (const runs of lines) for (const run of runs) for (const [, , high] of run) highest = Math.max(highest, high);
              for (const stairs of steps) for (const [, value] of stairs) highest = Math.max(highest, value);
              const step = roundStep((highest > 0 ? highest : 1) / (isNarrow ? 4 : 5));
              const top = Math.max(1, Math.ceil(highest / step - 1e-9)) * step;
              this.y = (value) => box.bottom - value / top * (box.bottom - box.top);
              this.picture.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" aria-hidden="true" viewBox="0 0 ${width} ${height}"`
                + ` width="${width}" height="${height}" font-family="system-ui,sans-serif" font-size="13" fill="currentColor">`
                + this.frame(step, top, isNarrow) + this.marks()
                + this.steps.map((step, number) => this.lateMarks(step, number)).join("")
                + lines.map((runs, number) => this.linePath(this.lines[number], runs)).join("")
                + steps.map((stairs, number) => this.stairPath(this.steps[number], stairs)).join("")
                + `<path class="hair" stroke="currentColor" stroke-opacity=".5"/>`
                + `<rect class="choice" y="${box.top}" height="${box.bottom - box.top}" fill="currentColor"`
                + ` fill-opacity=".12" width="0"/></svg>`;
              this.hair = this.picture.querySelector(".hair");
              this.choice = this.picture.querySelector(".choice");
            }

            // [x, low, high] of a row or of a pixel column, in runs without a gap.
            runs(column, size) {
              const { at, step, rows } = this.layer, [from, to] = this.view;
              const first = clamp(Math.floor((from - at) / step) - 1, 0, rows);
              const end = clamp(Math.ceil((to - at) / step) + 1, first, rows);
              const isThinned = end - first > 2 * size;
              const runs = [];
              let run = null, pixel = null;
              for (let row = first; row < end; row++) {
                const low = column.low[row], high = column.high[row];
                if (Number.isNaN(low) || Number.isNaN(high)) {
                  if (!isThinned) run = null;
                  continue;
                }
                const x = this.x(at + (row + 0.5) * step);
                if (isThinned && run && Math.floor(x) === pixel) {
                  const last = run[run.length - 1];
                  last[1] = Math.min(last[1], low);
                  last[2] = Math.max(last[2], high);
                  continue;
                }
                if (isThinned && run && Math.floor(x) > pixel + 1) run = null;
                if (!run) runs.push(run = []);
                pixel = Math.floor(x);
                run.push([x, low, high]);
              }
              return runs;
            }

            // [x, value] where a count begins to hold; at most four within a pixel column.
            stairs(step) {
              const [from, to] = this.view, { times, counts } = step;
              let low = 0, high = times.length;
              while (low < high) {
                const middle = (low + high) >> 1;
                if (times[middle] <= from) low = middle + 1; else high = middle;
              }
              const stairs = [];
              let pixel = null, open = [];
              const close = () => {
                if (open.length > 4) {
                  const values = open.map(([, value]) => value), x = open[0][0];
                  open = [values[0], Math.min(...values), Math.max(...values), values[values.length - 1]].map((value) => [x, value]);
                }
                stairs.push(...open);
                open = [];
              };
              for (let change = Math.max(0, low - 1); change < times.length && times[change] <= to; change++) {
                const x = this.x(Math.max(times[change], from));
                if (Math.floor(x) !== pixel) close();
                pixel = Math.floor(x);
                open.push([x, counts[change] * this.each]);
              }
              close();
              return stairs;
            }

            linePath(line, runs) {
              const colour = `var(--chart-${line.colour})`, point = (x, value) => `${fixed(x)} ${fixed(this.y(value))}`;
              if (line.kind === "band") {
                const area = runs.map((run) => "M" + run.map(([x, , high]) => point(x, high)).join("L")
                  + "L" + [...run].reverse().map(([x, low]) => point(x, low)).join("L") + "Z").join("");
                return `<path class="line" d="${area}" fill="${colour}" fill-opacity=".22" clip-path="url(#plot)"/>`;
              }
              const path = runs.map((run) => "M" + run.map(([x, low, high]) =>
                low === high ? point(x, low) : `${point(x, low)}L${point(x, high)}`).join("L")
                + (run.length === 1 ? "h1" : "")).join("");
              return `<path class="line" d="${path}" fill="none" stroke="${colour}" stroke-width="1.3"`
                + ` stroke-linejoin="round" clip-path="url(#plot)"/>`;
            }

            stairPath(step, stairs) {
              if (!stairs.length) return "";
              const path = stairs.map(([x, value], number) => number
                ? `H${fixed(x)}V${fixed(this.y(value))}` : `M${fixed(x)} ${fixed(this.y(value))}`).join("");
              return `<path class="step" d="${path}H${fixed(this.box.right)}" fill="none" stroke="var(--chart-${step.colour})"`
                + ` stroke-width="1.8" clip-path="url(#plot)"/>`;
            }

            frame(step, top, isNarrow) {
              const { left, right, top: above, bottom } = this.box;
              let body = `<clipPath id="plot"><rect x="${left}" y="${above - 2}" width="${right - left}"`
                + ` height="${bottom - above + 4}"/></clipPath><text x="2" y="12" opacity=".75">${this.unit.replace(/[<&]/g, "")}</text>`;
              const decimals = clamp(Math.ceil(-Math.log10(step) - 1e-9), 0, 6);
              for (let value = 0; value <= top * (1 + 1e-9); value += step) {
                const y = fixed(this.y(value)), label = top > 9999.5 ? short(value) : value.toFixed(decimals);
                body += `<path d="M${left} ${y}H${right}" stroke="currentColor" stroke-opacity="${value ? ".15" : ".5"}"/>`
                  + `<text x="${left - 6}" y="${fixed(this.y(value) + 4.5)}" text-anchor="end">${value ? label : "0"}</text>`;
              }
              return body + this.timeAxis(isNarrow);
            }

            timeAxis(isNarrow) {
              const { left, right, bottom } = this.box, [from, to] = this.view.map((second) => this.start + second);
              const target = Math.max(2, Math.floor((right - left) / (isNarrow ? 80 : 100)));
              const step = timeSteps.find((size) => size >= (to - from) / target) ?? 31449600;
              // Weeks start on Mondays; the epoch is a Thursday.
              const offset = step >= 604800 ? 4 * 86400 : 0;
              let body = "", before = "";
              for (let time = Math.ceil((from - offset) / step) * step + offset; time <= to; time += step) {
                const x = this.x(time - this.start), day = date(time), year = day.slice(-4);
                const label = step < 86400 ? clock(time, step < 60) : day.slice(0, -5);
                const context = step < 86400 ? day : year;
                const text = (content, y, faint) => {
                  const half = content.length * 3.6;
                  return `<text x="${fixed(clamp(x, half + 2, this.box.width - half - 2))}" y="${y}" text-anchor="middle"${faint}>${content}</text>`;
                };
                body += `<path d="M${fixed(x)} ${bottom}v5" stroke="currentColor" stroke-opacity=".5"/>` + text(label, bottom + 20, "");
                if (context !== before) body += text(context, bottom + 36, ' opacity=".75"');
                before = context;
              }
              return body;
            }

            marks() {
              const { top, bottom, left, right } = this.box;
              let last = -Infinity;
              return [...this.spans].sort((a, b) => a[0] - b[0]).map(([begin, end, label]) => {
                const x = this.x(begin), width = Math.max(2, this.x(end) - x);
                if (x + width < left || x > right) return "";
                const from = clamp(x, left, right), place = Math.max(from + 3, last + 12);
                last = place;
                return `<rect x="${fixed(from)}" y="${top}" width="${fixed(Math.min(x + width, right) - from)}"`
                  + ` height="${bottom - top}" fill="var(--chart-2)" fill-opacity=".16"/>`
                  + `<text x="${fixed(place)}" y="${top - 5}" text-anchor="middle">${label.replace(/[<&]/g, "")}</text>`;
              }).join("");
            }

            // Where requests were late: a row of marks at the foot for each policy, below each other.
            lateMarks({ late, colour }, number) {
              const { left, right, bottom } = this.box, y = bottom - 5 * (this.steps.length - number);
              let path = "";
              for (let turn = 0; turn + 1 < late.length; turn += 2) {
                const from = this.x(late[turn]), to = Math.max(this.x(late[turn + 1]), from + 1.5);
                if (to < left || from > right) continue;
                path += `M${fixed(Math.max(from, left))} ${y}H${fixed(Math.min(to, right))}`;
              }
              return path && `<path class="late" d="${path}" stroke="var(--chart-${colour})" stroke-width="4"/>`;
            }

            // MARK: Hands

            second(event) {
              const box = this.picture.getBoundingClientRect();
              const x = (event.clientX - box.left) * this.box.width / box.width;
              const share = clamp((x - this.box.left) / (this.box.right - this.box.left), 0, 1);
              return this.view[0] + share * (this.view[1] - this.view[0]);
            }

            share(event) { return (this.second(event) - this.view[0]) / (this.view[1] - this.view[0]); }

            listen() {
              const picture = this.picture;
              picture.addEventListener("keydown", (event) => {
                if (event.ctrlKey || event.metaKey || event.altKey) return;
                const act = { ArrowLeft: () => this.pan(-0.25), ArrowRight: () => this.pan(0.25), "+": () => this.zoom(0.5),
                  "=": () => this.zoom(0.5), "-": () => this.zoom(2), Home: () => this.show(0, this.length),
                  0: () => this.show(0, this.length) }[event.key];
                if (!act) return;
                event.preventDefault();
                act();
              });
              picture.addEventListener("wheel", (event) => {
                const isPan = Math.abs(event.deltaX) > Math.abs(event.deltaY);
                if (!event.ctrlKey && !event.metaKey && !isPan) return;
                event.preventDefault();
                if (isPan) this.pan(event.deltaX / this.box.width);
                else this.zoom(Math.exp(clamp(event.deltaY, -100, 100) * 0.005), this.share(event));
              }, { passive: false });
              picture.addEventListener("dblclick", (event) => this.zoom(0.25, this.share(event)));
              picture.addEventListener("pointerdown", (event) => this.press(event));
              picture.addEventListener("pointermove", (event) => this.move(event));
              picture.addEventListener("pointerup", (event) => this.release(event));
              picture.addEventListener("pointercancel", (event) => {
                this.pointers.delete(event.pointerId);
                this.draw();
              });
              picture.addEventListener("pointerleave", (event) => {
                if (event.pointerType === "mouse") this.read(null);
              });
            }

            press(event) {
              if (event.button !== 0) return;
              this.picture.setPointerCapture(event.pointerId);
              this.pointers.set(event.pointerId, { from: this.second(event), x: event.clientX });
            }

            // A mouse chooses a stretch, a finger moves the view, two fingers zoom.
            move(event) {
              const own = this.pointers.get(event.pointerId);
              this.read(event);
              if (!own) return;
              if (event.pointerType === "mouse") {
                const [a, b] = [own.from, this.second(event)].sort((p, q) => p - q).map((second) => this.x(second));
                this.choice.setAttribute("x", fixed(a));
                this.choice.setAttribute("width", fixed(b - a));
                return;
              }
              const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
              const scale = this.box.right - this.box.left;
              if (others.length === 0) this.pan((own.x - event.clientX) / scale);
              else {
                const other = others[0][1].x;
                const before = Math.max(20, Math.abs(own.x - other)), after = Math.max(20, Math.abs(event.clientX - other));
                this.zoom(clamp(before / after, 0.5, 2), this.share({ clientX: (event.clientX + other) / 2 }));
              }
              own.x = event.clientX;
            }

            release(event) {
              const own = this.pointers.get(event.pointerId);
              this.pointers.delete(event.pointerId);
              if (!own || event.pointerType !== "mouse") return;
              const [from, to] = [own.from, this.second(event)].sort((a, b) => a - b);
              if (Math.abs(event.clientX - own.x) > 5) this.show(from, to); else this.choice.setAttribute("width", "0");
            }

            read(event) {
              if (!event) {
                this.readout.textContent = "";
                this.hair.removeAttribute("d");
                return;
              }
              const second = this.second(event), { at, step, rows } = this.layer;
              const row = clamp(Math.floor((second - at) / step), 0, rows - 1), time = this.start + at + row * step;
              const parts = this.layer.columns.map(({ low, high }, number) => {
                const [below, above] = [low[row], high[row]];
                const text = Number.isNaN(below) ? "missing" : below === above ? short(below) : `${short(below)} to ${short(above)}`;
                return `${this.lines[number].name} ${text}`;
              });
              for (const { name, times, counts } of this.steps) {
                let found = 0;
                for (let low = 0, high = times.length; low < high;) {
                  const middle = (low + high) >> 1;
                  if (times[middle] <= second) { found = middle; low = middle + 1; } else high = middle;
                }
                if (times.length) parts.push(`${name} ${short(counts[found])} instances`);
              }
              this.readout.textContent = `${date(time)} ${clock(time, step < 60)} UTC \u00b7 ${parts.join(" \u00b7 ")}`;
              const x = fixed(this.x(second));
              this.hair.setAttribute("d", `M${x} ${this.box.top}V${this.box.bottom}`);
            }
          }

          const points = (figure) => {
            const readout = figure.querySelector(".readout");
            let hot = null;
            const find = (event) => {
              const svg = event.target.closest("svg");
              if (!svg) return;
              const matrix = svg.getScreenCTM().inverse();
              const x = matrix.a * event.clientX + matrix.e, y = matrix.d * event.clientY + matrix.f;
              let nearest = null, least = event.pointerType === "mouse" ? 14 : 28;
              for (const point of svg.querySelectorAll(".point")) {
                const distance = Math.hypot(point.dataset.x - x, point.dataset.y - y);
                if (distance < least) [nearest, least] = [point, distance];
              }
              hot?.classList.remove("hot");
              nearest?.classList.add("hot");
              hot = nearest;
              readout.textContent = nearest ? nearest.querySelector("title").textContent : "";
            };
            figure.addEventListener("pointermove", find);
            figure.addEventListener("pointerdown", find);
          };

          document.querySelectorAll("figure.points").forEach(points);
          const timelines = [...document.querySelectorAll("figure.timeline")].map((figure) => new Timeline(figure));
          document.documentElement.classList.add("live");
          timelines.forEach((timeline) => timeline.draw());
          // A link to a stretch: seconds from the start.
          const follow = () => {
            const found = /^#view=(\d+),(\d+)$/.exec(location.hash);
            if (!found || !timelines.length) return;
            timelines[0].show(Number(found[1]), Number(found[2]));
            timelines[0].figure.scrollIntoView({ block: "center" });
          };
          addEventListener("hashchange", follow);
          follow();
        })();
        """#
}
