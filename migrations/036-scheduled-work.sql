-- The moment of its schedule for which a work was done last, by whichever gateway: the others that have the same schedule leave it out.
CREATE TABLE gateway.scheduled_work (
  work   text COLLATE "C" PRIMARY KEY,
  moment timestamptz NOT NULL
);
