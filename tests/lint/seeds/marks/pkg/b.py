is_admin = False # ‮ check
