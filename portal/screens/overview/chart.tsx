// Sent, delivered and bounced over time, drawn by uPlot, which is loaded after the figures, and as a table.
import { useEffect, useRef } from "preact/hooks";
import { timeColumn } from "../../ui/columns.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import type { Series } from "./stats.ts";

const HEIGHT = 220;
const LINES = [
  ["Sent", "accepted", "--accent"],
  ["Delivered", "delivered", "--good"],
  ["Bounced", "bounced", "--bad"],
] as const;

type Interval = Series["intervals"][number];

const COLUMNS: readonly Column<Interval>[] = [
  timeColumn("Begins", ({ at }) => at),
  ...LINES.map(([name, count]): Column<Interval> => ({
    name,
    text: ({ counts }) => String(counts[count] ?? 0),
    isNumber: true,
  })),
];

export function Chart({ intervals }: { readonly intervals: Series["intervals"] }) {
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
      const data = LINES.map(([, count]) => intervals.map(({ counts }) => counts[count] ?? 0));
      const plot = new UPlot(
        {
          width: parent.clientWidth,
          height: HEIGHT,
          axes: [axis, axis],
          scales: { y: { range: (_plot, _min, max) => [0, Math.max(max, 1)] } },
          series: [
            {},
            ...LINES.map(([label, , name]) => ({ label, stroke: colour(name), width: 2 })),
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
    <>
      <div class="chart" role="img" aria-label="Sent, delivered and bounced over time">
        <div ref={box} />
      </div>
      <details>
        <summary>The same as a table</summary>
        <Table caption="Over time" columns={COLUMNS} rows={intervals} keyOf={({ at }) => at} />
      </details>
    </>
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
