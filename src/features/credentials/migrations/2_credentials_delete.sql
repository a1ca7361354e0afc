-- Up Migration
GRANT DELETE ON credentials TO myapp_app;

-- Down Migration
REVOKE DELETE ON credentials FROM myapp_app;
