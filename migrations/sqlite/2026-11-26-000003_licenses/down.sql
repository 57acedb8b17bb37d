DROP TABLE license_tokens;
DROP TABLE license_activations;
DROP TABLE license_uses;
DROP TABLE license_terms;
DROP TABLE licenses;
DROP TABLE license_products;
DROP TABLE license_settings;
