// Counters over time, drawn by uPlot, which is loaded after the figures.
import { useEffect, useRef } from "preact/hooks";
import type { Series } from "./stats.ts";

const HEIGHT = 220;

/** One line: its name, the counter of /v1/stats, the token of its colour. */
export type Line = readonly [name: string, counter: string, colour: string];

type ChartProps = {
  /** What it shows, for who does not see it. */
  readonly label: string;
  readonly lines: readonly Line[];
  readonly intervals: Series["intervals"];
};

export function Chart({ label, lines, intervals }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let remove = (): void => undefined;
    let isGone = false;
    const draw = async (): Promise<void> => {
      const [{ default: UPlot }] = await Promise.all([
        import("uplot"),
        import("uplot/dist/uPlot.min.css"),
      ]);
      const parent = box.current;
      if (isGone || parent === null) return;
      const colours = getComputedStyle(parent);
      const ink = colours.getPropertyValue("color");
      const colour = (name: string): string => resolved(parent, name);
      const axis = { stroke: ink, grid: { stroke: colour("--line"), width: 1 } };
      const times = intervals.map(({ at }) => Date.parse(at) / 1_000);
      const data = lines.map(([, count]) => intervals.map(({ counts }) => counts[count] ?? 0));
      const plot = new UPlot(
        {
          width: parent.clientWidth,
          height: HEIGHT,
          axes: [axis, axis],
          scales: { y: { range: (_plot, _min, max) => [0, Math.max(max, 1)] } },
          series: [
            {},
            ...lines.map(([label, , name]) => ({ label, stroke: colour(name), width: 2 })),
          ],
        },
        [times, ...data],
        parent,
      );
      const follow = new ResizeObserver(() =>
        plot.setSize({ width: parent.clientWidth, height: HEIGHT }),
      );
      follow.observe(parent);
      remove = () => {
        follow.disconnect();
        plot.destroy();
      };
    };
    void draw();
    return () => {
      isGone = true;
      remove();
    };
  }, [intervals]);
  return (
    <div class="chart" role="img" aria-label={label}>
      <div ref={box} />
    </div>
  );
}

/** A canvas knows no light-dark(): the browser says what a token is now. */
function resolved(parent: HTMLElement, token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  parent.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
