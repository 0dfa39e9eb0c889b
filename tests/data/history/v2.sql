BEGIN TRANSACTION;
CREATE TABLE breaks (
            id INTEGER PRIMARY KEY, workbook INTEGER NOT NULL REFERENCES workbooks, link TEXT NOT NULL, connector TEXT NOT NULL,
            account TEXT NOT NULL, since TEXT NOT NULL, recovered TEXT, dropped TEXT, message TEXT NOT NULL);
INSERT INTO "breaks" VALUES(1,1,'gone','crm','main','2026-03-02T12:00:00.000000Z',NULL,NULL,'No such page.');
CREATE TABLE expected (workbook TEXT NOT NULL, link TEXT NOT NULL, PRIMARY KEY (workbook, link)) WITHOUT ROWID;
CREATE TABLE goals (
            id INTEGER PRIMARY KEY, workbook INTEGER NOT NULL REFERENCES workbooks, key TEXT NOT NULL,
            wording INTEGER, reading INTEGER, value TEXT, as_of TEXT, fill TEXT, UNIQUE (workbook, key));
INSERT INTO "goals" VALUES(1,1,'a',1,3,'130','2026-03-03T12:00:00.000000Z','FFFF00');
INSERT INTO "goals" VALUES(2,1,'b',2,2,NULL,NULL,NULL);
CREATE TABLE lanes (
            connector TEXT NOT NULL, account TEXT NOT NULL, failures INTEGER NOT NULL, open_until TEXT, reason TEXT NOT NULL,
            fingerprint TEXT NOT NULL, PRIMARY KEY (connector, account)) WITHOUT ROWID;
INSERT INTO "lanes" VALUES('crm','main',5,'2026-03-02T13:00:00.000000Z','outage','f1');
CREATE TABLE lookups (
            connector TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (connector, account, key)) WITHOUT ROWID;
INSERT INTO "lookups" VALUES('crm','main','web 1','id 1');
CREATE TABLE outbox (
            goal INTEGER PRIMARY KEY REFERENCES goals, run INTEGER NOT NULL REFERENCES runs, link TEXT NOT NULL,
            value TEXT NOT NULL, unit TEXT NOT NULL, as_of TEXT NOT NULL, approximate INTEGER NOT NULL, source TEXT NOT NULL,
            fetched TEXT NOT NULL, before TEXT);
INSERT INTO "outbox" VALUES(1,2,'https://crm.example/lists/1','130','','2026-03-02T12:00:00.000000Z',1,'crm (main): list 1','2026-03-02T12:00:00.000000Z','118');
CREATE TABLE readings (
            id INTEGER PRIMARY KEY, goal INTEGER NOT NULL REFERENCES goals, wording INTEGER NOT NULL REFERENCES wordings,
            run INTEGER NOT NULL REFERENCES runs, at TEXT NOT NULL, value TEXT, as_of TEXT NOT NULL, state TEXT NOT NULL,
            message TEXT NOT NULL, progress TEXT, status TEXT NOT NULL);
INSERT INTO "readings" VALUES(1,1,1,1,'2026-03-02T12:00:00.000000Z','120.50','2026-03-02T12:00:00.000000Z','fresh','','0.35','on track');
INSERT INTO "readings" VALUES(2,2,2,1,'2026-03-02T12:00:00.000000Z','120.50','2026-03-02T12:00:00.000000Z','broken','No such page.','0.35','on track');
INSERT INTO "readings" VALUES(3,1,1,2,'2026-03-03T12:00:00.000000Z','130','2026-03-03T12:00:00.000000Z','fresh','','0.35','on track');
CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, workbook INTEGER NOT NULL REFERENCES workbooks,
            began TEXT NOT NULL, applied TEXT, ended TEXT, edits INTEGER, requests INTEGER, seconds REAL, error TEXT);
INSERT INTO "runs" VALUES(1,1,'2026-03-02T12:00:00.000000Z','2026-03-02T12:00:00.000000Z','2026-03-02T12:00:00.000000Z',1,2,0.25,NULL);
INSERT INTO "runs" VALUES(2,1,'2026-03-02T12:00:00.000000Z',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE served (workbook TEXT PRIMARY KEY, through TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "served" VALUES('/plans/okr.xlsx','2026-03-02T12:00:00.000000Z');
CREATE TABLE told (target TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (target, key)) WITHOUT ROWID;
INSERT INTO "told" VALUES('chat','broken|a');
CREATE TABLE wordings (
            id INTEGER PRIMARY KEY, goal INTEGER NOT NULL REFERENCES goals, group_name TEXT NOT NULL, objective TEXT NOT NULL,
            key_result TEXT NOT NULL, link TEXT NOT NULL, connector TEXT NOT NULL, account TEXT NOT NULL, unit TEXT NOT NULL,
            source TEXT NOT NULL, target TEXT);
INSERT INTO "wordings" VALUES(1,1,'Inbound growth','O1 Increase sales','KR1.1 Leads','https://crm.example/lists/1','crm','main','','crm (main): list 1','350');
INSERT INTO "wordings" VALUES(2,2,'Inbound growth','O1 Increase sales','KR1.1 Leads','gone','crm','main','','crm (main): list 1','350');
CREATE TABLE workbooks (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE);
INSERT INTO "workbooks" VALUES(1,'/plans/okr.xlsx');
CREATE INDEX runs_of_workbook ON runs (workbook, id);
CREATE INDEX readings_of_goal ON readings (goal, at);
CREATE UNIQUE INDEX breaks_now ON breaks (workbook, link) WHERE recovered IS NULL AND dropped IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',2);
COMMIT;
PRAGMA application_id = 1869312627;
PRAGMA user_version = 2;
