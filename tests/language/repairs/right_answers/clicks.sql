CREATE TABLE click (id INTEGER PRIMARY KEY, page_id INT REFERENCES page(id), referrer TEXT);
INSERT INTO "click" VALUES(1,2,'https://example.org/articles/2024/05/a-rather-long-address-of-page-1');
INSERT INTO "click" VALUES(2,3,'https://example.org/articles/2024/05/a-rather-long-address-of-page-1');
INSERT INTO "click" VALUES(3,1,'https://example.org/articles/2024/05/a-rather-long-address-of-page-3');
CREATE TABLE page (id INTEGER PRIMARY KEY, url TEXT, owner_id INT);
INSERT INTO "page" VALUES(1,'https://example.org/articles/2024/05/a-rather-long-address-of-page-1',1);
INSERT INTO "page" VALUES(2,'https://example.org/articles/2024/05/a-rather-long-address-of-page-2',1);
INSERT INTO "page" VALUES(3,'https://example.org/articles/2024/05/a-rather-long-address-of-page-3',2);
