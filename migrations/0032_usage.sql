-- What the platform was asked for, a row a day.
create table usage_days (
  at integer primary key,
  worker_requests integer not null,
  object_requests integer not null,
  object_rows_written integer not null,
  d1_rows_read integer not null,
  d1_rows_written integer not null,
  queue_operations integer not null,
  r2_class_a integer not null,
  r2_class_b integer not null,
  own_rows integer not null
);
