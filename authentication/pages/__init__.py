"""The pages of `/account/`: sign-in, registration, and those that the links of mails lead to."""
