"""The pages to sign in and to register."""
