// Colors of charts: the page's tokens as colors that a canvas understands, read once a theme.

import { theme, token } from "../shell.js";

const SERIES = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];
const NAMES = {
  ink: "--text", soft: "--text-2", line: "--line", strong: "--line-strong", ground: "--surface", faint: "--faint",
  bad: "--bad", region: "--bad-soft", good: "--good", idle: "--idle",
};
// Ordered options: one hue from faint to strong.
const RAMPS = {
  light: ["#a3c4d0", "#6fa5b8", "#40859e", "#17627c", "#08384a"],
  dark: ["#2f5666", "#427b90", "#5b9fb8", "#8cc6da", "#d3eef7"],
};

const known = {};

export function palette() {
  const dark = theme();
  known[dark] ??= {
    ...Object.fromEntries(Object.entries(NAMES).map(([name, of]) => [name, token(of)])),
    series: SERIES.map(token),
    ramp: RAMPS[dark],
  };
  return known[dark];
}

// A color for each option of a choice: a ramp where they have an order, else categories.
export function optionColors(options, colors) {
  const ordered = options.length > 2 && options.every((option) => typeof option === "number");
  const { ramp, series } = colors;
  return options.map((_, i) =>
    ordered ? ramp[Math.round((i * (ramp.length - 1)) / (options.length - 1))] : series[i % series.length],
  );
}
