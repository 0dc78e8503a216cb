// One chart in one box: drawn when it first comes into view, again for another size, theme or option.

import * as echarts from "../../vendor/echarts/echarts.min.js";
import { element } from "./dom.js";
import { palette } from "./palette.js";

const FONT = getComputedStyle(document.body).fontFamily;

export class Chart {
  // `option` is called with the palette and gives ECharts' option.
  constructor(box, option) {
    this.box = box;
    this.option = option;
    this.handlers = [];
    new ResizeObserver(() => this.echarts?.resize()).observe(box);
    document.addEventListener("themechange", () => this.draw());
    new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting) || this.seen) return;
        this.seen = true;
        this.draw();
      },
      { rootMargin: "200px" },
    ).observe(box);
  }

  on(event, act) {
    this.handlers.push([event, act]);
    this.echarts?.on(event, act);
  }

  draw({ keepZoom = true } = {}) {
    if (!this.seen) return;
    const colors = palette();
    const option = this.option(colors);
    if (option === null) {
      this.echarts?.clear();
      return;
    }
    if (!this.echarts) {
      this.echarts = echarts.init(this.box, null, { renderer: "canvas" });
      for (const [event, act] of this.handlers) this.echarts.on(event, act);
    }
    const zoom = keepZoom ? this.echarts.getOption()?.dataZoom : undefined;
    this.echarts.setOption({ ...base(colors), ...option }, { notMerge: true });
    zoom?.forEach((z, i) => {
      if (z.start > 0 || z.end < 100)
        this.echarts.dispatchAction({ type: "dataZoom", dataZoomIndex: i, start: z.start, end: z.end });
    });
  }

  // What the picture shows, for those who do not see it.
  describe(text) {
    this.box.setAttribute("role", "img");
    this.box.setAttribute("aria-label", text);
  }
}

const base = (colors) => ({
  animation: false,
  textStyle: { fontFamily: FONT, color: colors.soft, fontSize: 12 },
  grid: { left: 8, right: 16, top: 28, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
});

export function axis(colors, extra) {
  return {
    axisLine: { show: true, lineStyle: { color: colors.line } },
    axisTick: { show: false },
    axisLabel: { color: colors.soft, fontSize: 11, hideOverlap: true },
    nameTextStyle: { color: colors.soft, fontSize: 12 },
    splitLine: { lineStyle: { color: colors.line } },
    ...extra,
  };
}

export const tooltip = (colors, extra = {}) => ({
  confine: true,
  backgroundColor: colors.ground,
  borderColor: colors.line,
  textStyle: { color: colors.ink, fontSize: 12, fontFamily: FONT },
  transitionDuration: 0,
  ...extra,
});

// A tooltip's content: a title and lines of name and value. Built as elements, for styles in markup are refused.
export function facts(title, lines) {
  const rows = lines.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  return element("div", { class: "tip" }, element("strong", {}, title), element("dl", {}, ...rows));
}
