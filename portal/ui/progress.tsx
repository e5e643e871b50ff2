// How far long work is.

type ProgressProps = {
  /** What it is about, for screen readers. */
  readonly label: string;
  /** 0 to 1; null where nobody knows. */
  readonly share: number | null;
};

/** A bar, and the percent beside it. */
export function Progress({ label, share }: ProgressProps) {
  if (share === null) return <progress aria-label={label} />;
  const percent = Math.floor(share * 100);
  return (
    <>
      <progress aria-label={label} max={100} value={percent} /> {percent} %
    </>
  );
}
