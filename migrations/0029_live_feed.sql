-- Whether anybody watches the live feed.
create table live_feed (
  id integer primary key,
  watched_until integer not null
);
