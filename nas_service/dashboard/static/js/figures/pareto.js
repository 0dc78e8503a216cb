// The front of two axes. Points are {x, y}; `up` says of each axis whether more is better.

export function front(points, [xUp, yUp]) {
  const worse = (a, b, up) => (up ? b - a : a - b);
  const sorted = points.toSorted((a, b) => worse(a.x, b.x, xUp) || worse(a.y, b.y, yUp));
  const found = [];
  for (const point of sorted) {
    const last = found.at(-1);
    if (!last || worse(point.y, last.y, yUp) < 0 || (point.x === last.x && point.y === last.y)) found.push(point);
  }
  return found.toSorted((a, b) => a.x - b.x || a.y - b.y);
}

export function isMaximized(key, objectives) {
  const [metric, target] = key.split("@");
  const named = objectives.find((o) => o.metric === metric && String(o.target ?? "") === (target ?? ""));
  return named ? named.goal === "maximize" : metric === "accuracy";
}
