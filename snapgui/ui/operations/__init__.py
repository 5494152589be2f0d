"""From an action of the user to a job: what is asked, what is decided on, and what runs."""
