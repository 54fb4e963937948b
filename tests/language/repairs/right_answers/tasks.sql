CREATE TABLE task (id INTEGER PRIMARY KEY, status TEXT, kind TEXT, note TEXT, title TEXT);
INSERT INTO "task" VALUES(1,'complete','Debit','import','Notes');
INSERT INTO "task" VALUES(2,'verified','Debit','x','Home');
INSERT INTO "task" VALUES(3,'assigned','Debit','x','None');
