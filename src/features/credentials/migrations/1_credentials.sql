-- Up Migration
CREATE TABLE credentials (
  guid uuid PRIMARY KEY,
  configuration jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- What is registered is not changed: a connection with another secret is another one.
GRANT SELECT, INSERT ON credentials TO myapp_app;

-- Down Migration
DROP TABLE credentials;
