// So many events that a test of size needs, made by the database itself.

/** Events of one log row, as a busy window commits them. */
export const EVENTS_A_ROW = 100;

/** Writes the log rows from ?1 up to ?2 (exclusive), one a millisecond from ?3 on; opens by `p<n>@example.com`. */
export const MANY_EVENTS = `insert into event_log (position, events)
  with recursive rows (n) as (
    select cast(?1 as integer) union all select n + 1 from rows where n + 1 < ?2),
  places (n) as (select 0 union all select n + 1 from places where n + 1 < ${EVENTS_A_ROW})
  select (cast(?3 as integer) + rows.n) * 1000, (
    select json_group_array(json_object(
      'id', printf('%08x-0000-7000-8000-%012x', rows.n, places.n), 'name', 'open',
      'at', cast(?3 as integer) + rows.n, 'position', 0,
      'messageId', '0194dfd7-1111-7000-8000-000000000001',
      'email', printf('p%d@example.com', rows.n * ${EVENTS_A_ROW} + places.n),
      'tags', case places.n when 0 then '=1+1' else 'order' end, 'sendId', 's', 'listId', 'l',
      'ip', '192.0.2.1', 'machine', json('false'),
      'userAgent', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0'))
    from places)
  from rows`;
