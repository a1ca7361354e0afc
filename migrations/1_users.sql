-- Up Migration
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text NOT NULL,
  password_hash text NOT NULL,
  role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX users_email ON users (lower(email));

-- The application reads and writes rows; it owns nothing and changes no table.
GRANT SELECT, INSERT, UPDATE, DELETE ON users TO myapp_app;

-- Down Migration
DROP TABLE users;
